"""Continuous Delivery for PE: the service, as its container starts it.

    serve       the pages, and the analytics beside them
    analytics   whether analytics data is collected; `on` or `off` changes it

Everything that it keeps is in the data volume, or in the database that DB_ENDPOINT names.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from cd4pe_service.analytics import Analytics
from cd4pe_service.container_variables import NAMES, WrongVariableError, read_variables
from cd4pe_service.inventory import Inventory
from cd4pe_service.sealing import WrongKeyError
from cd4pe_service.site import Site
from sqlalchemy.exc import SQLAlchemyError

from glasshouse_sdk.browser.asgi import RelayMiddleware

RELEASE = "2.11.2"
EXAMPLE = """
Example:
  python cd4pe.py serve --disk /tmp/disk --endpoint http://127.0.0.1:8090 --key KEY
"""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit code: 0, or 2 for variables or a data volume that cannot be used."""
    options = _parser().parse_args(arguments)
    disk: Path = options.disk
    try:
        disk.mkdir(parents=True, exist_ok=True)
        analytics = Analytics(
            disk, environ, release=options.release, endpoint=options.endpoint, key=options.key
        )
        # Decided before anything else: what is refused now is kept, whatever fails later.
        analytics.installation()
        analytics.pages()
        variables = read_variables(environ, disk)
        inventory = Inventory(variables)
        if options.command == "analytics":
            return show(inventory, analytics, options.says)
        inventory.check_key()
        if not variables.is_connected:
            name = NAMES[variables.database]
            print(f"cd4pe: {name} is not connected here; data is kept in {disk}", file=sys.stderr)
        return serve(inventory, analytics, options)
    except WrongVariableError as error:
        print(f"cd4pe: {error}", file=sys.stderr)
    except WrongKeyError:
        expected = "the one that the database was first used with"
        print(f"cd4pe: {WrongVariableError('PFI_SECRET_KEY', expected)}", file=sys.stderr)
    except SQLAlchemyError as error:
        what = type(error).__name__
        print(f"cd4pe: the database at DB_ENDPOINT cannot be used ({what}); expected one that "
              "answers, DB_USER and DB_PASS that open it", file=sys.stderr)  # fmt: skip
    except OSError as error:
        print(f"cd4pe: {disk}: {error.strerror}; expected a directory to write to",
              file=sys.stderr)  # fmt: skip
    return 2


def serve(inventory: Inventory, analytics: Analytics, options: argparse.Namespace) -> int:
    stop = analytics.start(inventory)
    site = Site(inventory, analytics, options.release).application()
    app = RelayMiddleware(site, analytics.relay())
    try:
        uvicorn.run(app, log_level="warning", lifespan="off", **options.listen)
    finally:
        stop.set()
        inventory.close()
    return 0


def show(inventory: Inventory, analytics: Analytics, says: str | None) -> int:
    if says:
        analytics.answer(says)
    refused = analytics.refused_at()
    license_uuid = inventory.fact("license")
    state = analytics.installation(license_uuid).consent
    print(json.dumps({"license": license_uuid, "analytics": state, "refused_at": refused}))
    inventory.close()
    return 0


def _listen(text: str) -> dict[str, Any]:
    """As uvicorn takes it."""
    if text.startswith("unix:"):
        return {"uds": text.removeprefix("unix:")}
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected HOST:PORT or unix:PATH")
    return {"host": host, "port": int(port)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, says in (
        ("serve", "the pages, and the analytics beside them"),
        ("analytics", "whether analytics data is collected, as JSON"),
    ):
        command = commands.add_parser(name, help=says)
        command.set_defaults(command=name)
        command.add_argument("--disk", type=Path, default=Path("/disk"), help="the data volume")
        command.add_argument("--endpoint", help="the collector, if not the manifest's")
        command.add_argument("--key", help="the product's write key")
        command.add_argument("--release", default=RELEASE, help="version of the product")
        if name == "serve":
            where = "HOST:PORT, or unix:PATH for a socket"
            command.add_argument("--listen", type=_listen, default="127.0.0.1:8080", help=where)
        else:
            command.add_argument("says", nargs="?", choices=("on", "off"), help="change it first")
    return parser


if __name__ == "__main__":
    # A program's entry is where its environment is read.
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251
