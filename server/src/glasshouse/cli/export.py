"""`glasshouse export`: all that is held about one identity."""

import argparse
import sys
from pathlib import Path

from glasshouse.cli.connection import add_arguments, connected


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "export",
        help="print all that is held about an instance, user or organization",
        description="Prints a line of JSON for every row that belongs to the identity: its items, "
        "and what is derived of them.",
        epilog="Example:  glasshouse export --product psmdb --instance 6aef422e-56a7-4530 "
        "--output it.jsonl",
    )
    parser.add_argument("--product", required=True, metavar="SLUG")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--instance", metavar="ID")
    whose.add_argument("--identity", nargs=2, metavar=("KIND", "ID"))
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    kind, identity = options.identity or ("instance", options.instance)
    asked = {"product": options.product, "kind": kind, "identity": identity}
    rows = 0
    with connected(options) as connection:
        output = options.output.open("w") if options.output else sys.stdout
        try:
            for line in connection.export(asked):
                rows += 1
                output.write(line)
        finally:
            if options.output:
                output.close()
    print(f"{rows} rows are held about it.", file=sys.stderr)
    return 0
