"""What fills a demo: two products, what this machine reports, and 90 simulated days.

Each step talks to the running server as anybody would: through its commands and its doors.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.progress import Progress

from glasshouse.cli.child_process import ChildFailedError, lines_of, ran
from glasshouse.model import Origin

GLASSHOUSE = (sys.executable, "-m", "glasshouse.cli.main")
DAYS = 90
LOAD_SECONDS = 120.0

Keys = Mapping[tuple[str, Origin], str]
"""Write keys by product and by what their items count as."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a demo happens: its data directory, its server, the folder of the programmes."""

    data: Path
    url: str
    products: Path


@dataclass(frozen=True, slots=True)
class Programme:
    """One product of the demo; `here` is the command by which it reports this machine."""

    slug: str
    folder: str
    here: Callable[[Place, str], tuple[str, ...]]


def _percona_here(place: Place, _key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "percona"
    return (
        str(place.products / "percona-server-mongodb" / "psmdb_telemetry"),
        "--package", "--version", "8.0.12-4",
        "--telemetry-uuid", str(home / "telemetry_uuid"), "--endpoint", place.url,
    )  # fmt: skip


def _cloudbees_here(place: Place, key: str) -> tuple[str, ...]:
    home = place.data / "this-machine" / "cloudbees"
    return (
        str(place.products / "cloudbees-ci" / "controller.py"),
        "--endpoint", place.url, "--key", key, "--state", str(home),
    )  # fmt: skip


PROGRAMMES = (
    Programme("psmdb", "percona-server-mongodb", _percona_here),
    Programme("cloudbees-ci", "cloudbees-ci", _cloudbees_here),
)


def register(place: Place, programme: Programme) -> None:
    manifest = place.products / programme.folder / "manifest.toml"
    ran([*GLASSHOUSE, "product", "add", str(manifest), "--data", str(place.data)])


def write_keys(place: Place) -> Keys:
    text = ran([*GLASSHOUSE, "product", "list", "--json", "--data", str(place.data)])
    return {
        (product["slug"], Origin(key["origin"])): key["key"]
        for product in json.loads(text)
        for key in product["keys"]
    }


def report_here(place: Place, programme: Programme, keys: Keys) -> None:
    """Real items: the product's own program, run on this machine."""
    ran([sys.executable, *programme.here(place, keys[programme.slug, Origin.PRODUCTION])])


def send_fleet(place: Place, programme: Programme, keys: Keys, until: str, bars: Progress) -> None:
    """The simulated fleet through the product's door, marked as simulated."""
    bar = bars.add_task(f"{programme.slug}: {DAYS} simulated days", total=None)
    command = (
        sys.executable, str(place.products / programme.folder / "fleet.py"),
        "--endpoint", place.url, "--key", keys[programme.slug, Origin.SIMULATED],
        "--days", str(DAYS), "--until", until,
    )  # fmt: skip
    for line in lines_of(command):
        step = json.loads(line)
        bars.update(bar, completed=step["sent"], total=step["of"])


def wait_until_stored(place: Place, bars: Progress) -> None:
    """Returns when nothing waits in the journal any more."""
    bar = bars.add_task("from the journal to the store", total=None)
    deadline = time.monotonic() + LOAD_SECONDS
    most = 1
    with httpx.Client(base_url=place.url, timeout=30, trust_env=False) as client:
        while time.monotonic() < deadline:
            waiting = waiting_items(client.get("/health/accounting").raise_for_status().json())
            most = max(most, waiting)
            bars.update(bar, completed=most - waiting, total=most)
            if waiting == 0:
                return
            time.sleep(0.1)
    raise ChildFailedError(f"the server has not stored everything after {LOAD_SECONDS:g} s")


def waiting_items(accounting: Any) -> int:
    """Accepted items that are not in the store yet, over all products and doors."""
    if isinstance(accounting, dict):
        own = accounting.get("waiting", 0)
        rest = (value for key, value in accounting.items() if key != "waiting")
        return (own if isinstance(own, int) else 0) + sum(waiting_items(value) for value in rest)
    if isinstance(accounting, list):
        return sum(waiting_items(entry) for entry in accounting)
    return 0
