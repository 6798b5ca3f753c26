"""`glasshouse backup`: a checked copy of everything, while the server runs."""

import argparse
import json
from pathlib import Path

from glasshouse.cli.connection import add_arguments, connected


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "backup",
        help="copy everything into a directory, while the server runs",
        description="Makes a directory with a copy of everything that the server keeps, but for "
        "its secrets, and a checksum of each file. The server goes on acknowledging.",
        epilog="Example:  glasshouse backup /backups/2026-11-22 --secrets /safe/glasshouse-secrets",
    )
    parser.add_argument("to", type=Path, metavar="DIRECTORY", help="made; must not be there yet")
    parser.add_argument(
        "--secrets", type=Path, metavar="DIRECTORY", help="copy the server's secrets to this one"
    )
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    asked = {
        "to": str(options.to.absolute()),
        "secrets": str(options.secrets.absolute()) if options.secrets else None,
    }
    with connected(options) as connection:
        made = connection.keep("backup", asked)
    if options.json:
        print(json.dumps({"to": str(options.to), **made}))
    else:
        print(f"{options.to}: {made['files']} files, {made['bytes'] / 1e6:.1f} MB")
    return 0
