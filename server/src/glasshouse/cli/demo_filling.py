"""What fills a demo: the products, what this machine reports, and 90 simulated days.

Each step talks to the running server as anybody would: through its commands and its doors.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from glasshouse.cli.child_process import ChildFailedError, lines_of, ran
from glasshouse.cli.manifest import composed_source
from glasshouse.cli.server import Server
from glasshouse.model import Origin

DAYS = 90
LOAD_SECONDS = 120.0

Keys = Mapping[Origin, str]
"""A product's write keys, by what their items count as."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a demo happens: its data directory, its server, the folder of the programmes."""

    data: Path
    server: Server
    products: Path

    @property
    def url(self) -> str:
        return self.server.url


@dataclass(frozen=True, slots=True)
class Programme:
    """One product of the demo; `here` is the command by which it reports this machine, of a website
    the one that visits it.
    """

    slug: str
    folder: str
    here: Callable[[Place, str], tuple[str, ...]] | None


def _percona_here(place: Place, _key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "percona"
    return (
        str(place.products / "percona-server-mongodb" / "sample.py"),
        "--endpoint", place.url, "--home", str(home),
    )  # fmt: skip


def _cloudbees_here(place: Place, key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "cloudbees"
    return (
        str(place.products / "cloudbees-ci" / "controller.py"),
        "run", "--endpoint", place.url, "--key", key, "--home", str(home),
        "--plugin", "pipeline", "--plugin", "rbac",
    )  # fmt: skip


def _piperider_here(place: Place, key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "piperider"
    return (
        str(place.products / "piperider" / "sample.py"),
        "--endpoint", place.url, "--key", key, "--home", str(home),
    )  # fmt: skip


def _cd4pe_here(place: Place, key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "cd4pe"
    return (
        str(place.products / "cd4pe" / "sample.py"),
        "--endpoint", place.url, "--key", key, "--home", str(home),
    )  # fmt: skip


def _cd4pe_console_here(place: Place, _key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "cd4pe"
    visit = place.products / "cd4pe" / "console" / "console_visit.py"
    return (str(visit), "--endpoint", place.url, "--home", str(home))


def _piperider_cloud_here(place: Place, _key: str) -> tuple[str, ...]:
    sample = place.products / "piperider" / "cloud" / "cloud_visit.py"
    return (str(sample), "--endpoint", place.url)


def _puppet_here(place: Place, key: str) -> tuple[str, ...]:
    program = place.products / "puppet-enterprise" / "pe.py"
    return (str(program), "sample", *_puppet_site(place), "--key", key)


def _puppet_console_here(place: Place, _key: str) -> tuple[str, ...]:
    visit = place.products / "puppet-enterprise" / "pe_console_visit.py"
    return (str(visit), *_puppet_site(place))


def _puppet_site(place: Place) -> tuple[str, ...]:
    """One installation, which the server's sample makes and the console's shows."""
    home = place.data / "this-machine" / "puppet-enterprise"
    return ("--endpoint", place.url, "--deployment", str(home))


PROGRAMMES = (
    Programme("psmdb", "percona-server-mongodb", _percona_here),
    Programme("piperider", "piperider", _piperider_here),
    Programme("piperider-cloud", "piperider/cloud", _piperider_cloud_here),
    Programme("cloudbees-ci", "cloudbees-ci", _cloudbees_here),
    Programme("puppet-enterprise", "puppet-enterprise", _puppet_here),
    Programme("puppet-enterprise-console", "puppet-enterprise/console", _puppet_console_here),
    Programme("cd4pe", "cd4pe", _cd4pe_here),
    Programme("cd4pe-console", "cd4pe/console", _cd4pe_console_here),
)


def register(place: Place, programme: Programme) -> Keys:
    """The product's write keys. Registering the same manifest once more changes nothing."""
    manifest = place.products / programme.folder / "manifest.toml"
    product = place.server.call("POST", "/api/v1/products", content=composed_source(manifest))
    return {Origin(key["origin"]): key["key"] for key in product["write_keys"]}


def report_here(place: Place, programme: Programme, keys: Keys) -> None:
    """Real items: the product's own program, run on this machine."""
    if programme.here is None:
        return
    ran([sys.executable, *programme.here(place, keys[Origin.PRODUCTION])])


def send_fleet(place: Place, programme: Programme, keys: Keys, until: str, bars: Progress) -> None:
    """The simulated fleet through the product's door, marked as simulated."""
    bar = bars.add_task(f"{programme.slug}: {DAYS} simulated days", total=None)
    command = (
        sys.executable, str(place.products / programme.folder / "fleet.py"),
        "--endpoint", place.url, "--key", keys[Origin.SIMULATED],
        "--days", str(DAYS), "--until", until,
    )  # fmt: skip
    for line in lines_of(command):
        step = json.loads(line)
        bars.update(bar, completed=step["sent"], total=step["of"])


def wait_until_stored(place: Place, bars: Progress) -> None:
    """Returns when nothing waits in the journal any more. Raises ChildFailedError."""
    bar = bars.add_task("from the journal to the store", total=None)
    deadline = time.monotonic() + LOAD_SECONDS
    most = 1
    while time.monotonic() < deadline:
        waiting = _waiting(place.server.call("GET", "/health/accounting"))
        most = max(most, waiting)
        bars.update(bar, completed=most - waiting, total=most)
        if waiting == 0:
            return
        time.sleep(0.1)
    raise ChildFailedError(f"the server has not stored everything after {LOAD_SECONDS:g} s")


def _waiting(accounting: Mapping[str, Any]) -> int:
    """Accepted items that are not in the store yet, over all products and doors."""
    doors = (door for product in accounting["products"].values() for door in product.values())
    return sum(door["waiting"] for door in doors)
