"""The whole way on this machine, from manifests to pages, in about a minute.

Fills a fresh data directory and serves it until Ctrl-C. A second run finds it filled and starts
at once; an interrupted one is carried on.
"""

import argparse
import json
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from glasshouse.cli import demo_filling as filling
from glasshouse.cli.child_process import ChildFailedError
from glasshouse.cli.demo_filling import PROGRAMMES, Place
from glasshouse.cli.errors import CommandError
from glasshouse.cli.server import Server
from glasshouse.cli.server_file import running_server
from glasshouse.cli.server_process import ServerFailedError, ServerProcess

EXAMPLE = """
Example:
  glasshouse demo --listen 127.0.0.1:8090 --data .demo
"""
PRODUCTS = Path(__file__).resolve().parents[4] / "products"


@dataclass(slots=True)
class Progressed:
    """How far a demo's directory has been filled; kept in its `demo.json`.

    `until` is the end of the simulated days. It stays the same over interrupted runs, so what
    is sent again has the same ids and the server knows it.
    """

    path: Path
    until: str
    done: set[str] = field(default_factory=set)

    def once(self, step: str, action: Callable[[], None]) -> None:
        if step not in self.done:
            action()
            self.done.add(step)
            self.write()

    def write(self) -> None:
        facts = {"until": self.until, "done": sorted(self.done)}
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(facts, indent=1) + "\n")
        temporary.replace(self.path)


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="a server with the programmes, this machine's items and simulated fleets",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:8090", metavar="HOST:PORT", help="default 127.0.0.1:8090"
    )
    parser.add_argument(
        "--data", type=Path, default=Path(".demo"), metavar="DIR", help="default .demo"
    )
    parser.add_argument(
        "--products", type=Path, default=PRODUCTS, metavar="DIR", help="folder of the programmes"
    )
    parser.add_argument("--fill-only", action="store_true", help="stop when everything is stored")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when it ended as asked, Ctrl-C included. Raises CommandError."""
    console = Console(highlight=False)
    # SIGINT too: a shell starts what runs in the background with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    data = args.data.absolute()
    try:
        check_products(args.products)
        check_nothing_runs(data)
        check_address(args.listen)
        progressed = open_data(data)
        with ServerProcess(data, args.listen) as process:
            show(process, data, args.products, progressed, console)
            if not args.fill_only:
                process.wait_until_ended()
    except (ServerFailedError, ChildFailedError, OSError) as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        console.print("\nStopped. What was acknowledged is kept; the same command goes on with it.")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def check_products(folder: Path) -> None:
    if not (folder / PROGRAMMES[0].folder / "manifest.toml").exists():
        raise CommandError(
            f"found no programmes in {folder}; expected the folder 'products' of a checkout; "
            "run the demo from one, or name the folder with --products"
        )


def check_nothing_runs(data: Path) -> None:
    server = running_server(data)
    if server is not None:
        raise CommandError(
            f"a server already runs on {data}: look at {server.url}/, or stop it first "
            f"(its process id is in {data}/server.json)"
        )


def open_data(data: Path) -> Progressed:
    """Makes the data directory, or finds what an earlier demo left there."""
    path = data / "demo.json"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        data.mkdir(parents=True, exist_ok=True)
        if path.exists():
            facts = json.loads(path.read_bytes())
            progressed = Progressed(path, facts["until"], set(facts["done"]))
        elif any(data.iterdir()):
            raise CommandError(
                f"found {data} filled by something else; expected an empty directory or one of an "
                "earlier demo; choose another: make demo DATA=DIR"
            )
        else:
            progressed = Progressed(path, now)
        progressed.write()
    except OSError as error:
        raise CommandError(
            f"cannot write to {data}: {error.strerror}; choose another: make demo DATA=DIR"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise CommandError(f"cannot read {path}; remove {data} and start again") from None
    return progressed


def check_address(listen: str) -> None:
    """Raises CommandError unless it is HOST:PORT and free."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise CommandError(
            f"found the address {listen!r}; expected HOST:PORT such as 127.0.0.1:8090: "
            "make demo LISTEN=127.0.0.1:8090"
        )
    try:
        known = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        family, _, _, _, address = known[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {listen}: {error.strerror}; stop what uses it, or choose another "
            f"address: make demo LISTEN=127.0.0.1:{int(port) % 65535 + 1}"
        ) from None


def show(
    process: ServerProcess, data: Path, products: Path, progressed: Progressed, console: Console
) -> None:
    """Fills the demo if no earlier run has, and says where to look."""
    started = time.monotonic()
    with console.status("starting the server"):
        process.wait_until_ready()
    server = running_server(data)
    if server is None:
        raise ServerFailedError(f"the server left no {data}/server.json; see {process.log}")
    if "stored" in progressed.done:
        state = "filled before"
    else:
        fill(Place(data, server, products), progressed, console)
        state = f"filled in {time.monotonic() - started:.0f} s"
    console.print(farewell(server, data, state), soft_wrap=True)


def fill(place: Place, progressed: Progressed, console: Console) -> None:
    """Everything that an earlier run has not done."""
    once = progressed.once
    with _bars(console) as bars:
        for programme in PROGRAMMES:
            keys = filling.register(place, programme)
            once(f"here {programme.slug}", partial(filling.report_here, place, programme, keys))
            fleet = partial(filling.send_fleet, place, programme, keys, progressed.until, bars)
            once(f"fleet {programme.slug}", fleet)
        once("stored", partial(filling.wait_until_stored, place, bars))


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def farewell(server: Server, data: Path, state: str) -> str:
    """The address and what to look at."""
    entrance = f"{server.url}/"
    if not server.is_open():
        entrance = server.invite("admin", raw=True)["link"]
    where = "" if data == Path("data").absolute() else f" --data {_near(data)}"
    pages = {
        "/products/psmdb": "this machine, by Percona's installation program",
        "/products/psmdb?origin=simulated": "90 days of a simulated fleet, kept apart",
        "/products/piperider?origin=simulated": "another, by the Amplitude format",
        "/products/piperider-cloud?origin=simulated": "visitors of a website who have accepted",
        "/products/cloudbees-ci?origin=simulated": "controllers, by the Segment format",
        "/products/puppet-enterprise?origin=simulated": "sites, by the check-in of dujour",
        "/products/puppet-enterprise-console?origin=simulated": "pages of their consoles",
        "/products/cd4pe?origin=simulated": "installations that report weekly, natively",
        "/products/psmdb/dictionary": "every value that may be sent, and why",
        "/health/accounting": "what became of every item received",
    }
    width = max(map(len, pages)) + len(server.url)
    lines = "\n".join(f"  {server.url + path:<{width}}  {says}" for path, says in pages.items())
    return f"""
[bold]Glasshouse is up: {entrance}[/bold]   ({state})

{lines}

  Ask     .venv/bin/glasshouse ask version_adoption --product psmdb --origin simulated{where}
  Remove  .venv/bin/glasshouse erase --product psmdb --simulated{where}

Ctrl-C stops it; everything is in {_near(data)}."""


def _near(path: Path) -> Path:
    """As a person in this directory would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
