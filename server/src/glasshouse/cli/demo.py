"""`glasshouse demo`: the whole way on this machine, from manifests to pages, in half a minute.

A run fills a fresh data directory and serves it until Ctrl-C. `demo.json` in it notes what has
been done, so a second run starts at once and an interrupted one carries on; what it sends again
it sends with the same ids, and the server knows those.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from glasshouse.cli.server_process import ServerFailedError, ServerProcess
from glasshouse.model import Origin

EXAMPLE = """
Example:
  glasshouse demo --listen 127.0.0.1:8090 --data .demo
"""
PRODUCTS = Path(__file__).resolve().parents[4] / "products"
DAYS = 90
LOAD_SECONDS = 120.0


class DemoError(RuntimeError):
    """What the demo cannot go on with: found, expected, what to do. One line."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One product of the demo, and how its program reports this machine."""

    slug: str
    folder: str
    here: Callable[["Demo", str], list[str]]  # from the write key to a command


def _percona_here(demo: "Demo", _key: str) -> list[str]:
    program = demo.products / "percona-server-mongodb" / "psmdb_telemetry.py"
    home = demo.data / "this-machine" / "percona"
    return [
        str(program), "--package", "--version", "8.0.12-4",
        "--telemetry-uuid", str(home / "telemetry_uuid"), "--state", str(home / "state"),
        "--endpoint", demo.url,
    ]  # fmt: skip


def _cloudbees_here(demo: "Demo", key: str) -> list[str]:
    program = demo.products / "cloudbees-ci" / "controller.py"
    home = demo.data / "this-machine" / "cloudbees"
    return [str(program), "--endpoint", demo.url, "--key", key, "--state", str(home)]


PROGRAMMES = (
    Programme("psmdb", "percona-server-mongodb", _percona_here),
    Programme("cloudbees-ci", "cloudbees-ci", _cloudbees_here),
)


@dataclass(slots=True)
class Demo:
    """A run of the demo. `done` names the finished steps, `until` the end of the 90 days."""

    data: Path
    listen: str
    products: Path
    console: Console
    url: str = ""
    until: str = ""
    done: set[str] = field(default_factory=set)

    def once(self, step: str, action: Callable[[], None]) -> None:
        """Does what no earlier run has done, and notes it."""
        if step not in self.done:
            action()
            self.done.add(step)
            self.note()

    def note(self) -> None:
        facts = {"until": self.until, "done": sorted(self.done)}
        temporary = self.data / ".demo.json.tmp"
        temporary.write_text(json.dumps(facts, indent=1) + "\n")
        temporary.replace(self.data / "demo.json")


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="a server with two products, this machine's items and a simulated fleet",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--listen", default="127.0.0.1:8090", help="HOST:PORT")
    parser.add_argument("--data", type=Path, default=Path(".demo"), help="data directory")
    parser.add_argument("--products", type=Path, default=PRODUCTS, help="folder of the programmes")
    parser.add_argument("--fill-only", action="store_true", help="stop when everything is stored")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit codes: 0 ended as asked, Ctrl-C included; 1 could not go on; 2 wrong call."""
    console = Console()
    demo = Demo(args.data.absolute(), args.listen, args.products, console)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        demo.listen = listening_address(args.listen)
        demo.url = f"http://{demo.listen}"
        open_data(demo)
        serve_and_fill(demo, fill_only=args.fill_only)
    except (DemoError, ServerFailedError) as error:
        print(f"glasshouse demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped. What was acknowledged is kept; run it again to go on.")
    return 0


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def listening_address(listen: str) -> str:
    """HOST:PORT as given, known to be free. Raises DemoError."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise DemoError(
            f"found LISTEN {listen!r}; expected HOST:PORT such as 127.0.0.1:8090, "
            "with a port from 1 to 65535"
        )
    try:
        family, *_, address = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise DemoError(
            f"cannot listen on {listen}: {error.strerror or error}; stop what listens there, or "
            f"choose another address: make demo LISTEN=127.0.0.1:{int(port) % 65535 + 1}"
        ) from None
    return listen


def open_data(demo: Demo) -> None:
    """Makes the data directory, or finds what an earlier demo left. Raises DemoError."""
    note = demo.data / "demo.json"
    try:
        demo.data.mkdir(parents=True, exist_ok=True)
        if not note.exists() and any(demo.data.iterdir()):
            raise DemoError(
                f"found {demo.data} filled by something else; expected an empty directory or one "
                "of an earlier demo; choose another: make demo DATA=DIR"
            )
        if note.exists():
            facts = json.loads(note.read_bytes())
            demo.until, demo.done = facts["until"], set(facts["done"])
        else:
            demo.until = datetime.now(UTC).isoformat(timespec="seconds")
        demo.note()
    except OSError as error:
        raise DemoError(
            f"cannot use {demo.data}: {error.strerror}; expected a directory that may be written; "
            "choose another: make demo DATA=DIR"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DemoError(f"found no demo's notes in {note}; remove {demo.data} and run it again") \
            from None


def serve_and_fill(demo: Demo, *, fill_only: bool) -> None:
    started = time.monotonic()
    fresh = "stored" not in demo.done
    with ServerProcess(demo.data, demo.listen) as server:
        with demo.console.status("starting the server"):
            server.wait_until_ready()
        demo.once("registered", lambda: register(demo))
        keys = write_keys(demo)
        for programme in PROGRAMMES:
            demo.once(f"here {programme.slug}", lambda p=programme: send_here(demo, p, keys))
        with progress(demo.console) as bars:
            for programme in PROGRAMMES:
                demo.once(
                    f"fleet {programme.slug}", lambda p=programme: send_fleet(demo, p, keys, bars)
                )
            demo.once("stored", lambda: wait_until_stored(demo, bars))
        demo.console.print(farewell(demo, time.monotonic() - started if fresh else None))
        if not fill_only:
            raise DemoError(f"the server ended: {server.wait_until_ended()}")


def register(demo: Demo) -> None:
    for programme in PROGRAMMES:
        manifest = demo.products / programme.folder / "manifest.toml"
        ran([*GLASSHOUSE, "product", "add", str(manifest), "--data", str(demo.data)])
        demo.console.print(f"registered  {programme.slug}  from {_near(manifest)}")


def write_keys(demo: Demo) -> dict[tuple[str, Origin], str]:
    """The write keys by product and by what their items count as."""
    text = ran([*GLASSHOUSE, "product", "list", "--json", "--data", str(demo.data)])
    return {
        (product["slug"], Origin(key["origin"])): key["key"]
        for product in json.loads(text)
        for key in product["keys"]
    }


def send_here(demo: Demo, programme: Programme, keys: dict[tuple[str, Origin], str]) -> None:
    """Real items: the product's own program, run on this machine."""
    command = programme.here(demo, keys[programme.slug, Origin.PRODUCTION])
    ran([sys.executable, *command])
    demo.console.print(f"this machine  reported by {_near(Path(command[0]))}")


def send_fleet(
    demo: Demo, programme: Programme, keys: dict[tuple[str, Origin], str], bars: Progress
) -> None:
    """The simulated fleet's 90 days, through the product's door, marked as simulated."""
    command = [
        sys.executable, str(demo.products / programme.folder / "fleet.py"),
        "--endpoint", demo.url, "--key", keys[programme.slug, Origin.SIMULATED],
        "--days", str(DAYS), "--until", demo.until,
    ]  # fmt: skip
    bar = bars.add_task(f"{DAYS} simulated days of {programme.slug}", total=None)
    for line in lines_of(command):
        step = json.loads(line)
        bars.update(bar, completed=step["sent"], total=step["of"])


def wait_until_stored(demo: Demo, bars: Progress) -> None:
    """Returns when nothing waits in the journal any more."""
    bar = bars.add_task("from the journal to the store", total=None)
    deadline = time.monotonic() + LOAD_SECONDS
    most = 0
    with httpx.Client(base_url=demo.url, timeout=30, trust_env=False) as client:
        while time.monotonic() < deadline:
            waiting = waiting_items(client.get("/health/accounting").json())
            most = max(most, waiting)
            bars.update(bar, completed=most - waiting, total=max(most, 1))
            if waiting == 0:
                bars.update(bar, completed=max(most, 1))
                return
            time.sleep(0.1)
    raise DemoError(
        f"the store is not complete after {LOAD_SECONDS:g} s; see {demo.data}/server.log"
    )


def waiting_items(accounting: Any) -> int:
    """Accepted items that are not in the store yet, over all products and doors."""
    if isinstance(accounting, dict):
        own = accounting.get("waiting", 0)
        rest = sum(waiting_items(value) for key, value in accounting.items() if key != "waiting")
        return rest + (own if isinstance(own, int) else 0)
    if isinstance(accounting, list):
        return sum(waiting_items(entry) for entry in accounting)
    return 0


GLASSHOUSE = (sys.executable, "-m", "glasshouse.cli.main")


def ran(command: Sequence[str]) -> str:
    """What the command printed. Raises DemoError with its last words if it failed."""
    result = subprocess.run(  # noqa: S603 (our own programs)
        command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if result.returncode:
        raise DemoError(_failed(command, result.returncode, result.stderr))
    return result.stdout


def lines_of(command: Sequence[str]) -> Iterator[str]:
    """The command's lines as they come. Raises DemoError if it failed."""
    with subprocess.Popen(  # noqa: S603 (our own programs)
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            yield from child.stdout
        except BaseException:
            child.terminate()
            raise
        errors = child.stderr.read()
    if child.returncode:
        raise DemoError(_failed(command, child.returncode, errors))
