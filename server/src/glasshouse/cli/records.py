"""`glasshouse records raw-reads|changes`: who read exact answers, and who changed what."""

import argparse
import json
from typing import Any

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.tables import print_table

LOGS = {
    "raw-reads": ("at", "who", "what", "product", "why"),
    "changes": ("at", "who", "what", "about", "detail"),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "records",
        help="who read exact answers, and who changed what",
        description="Who read exact answers (raw-reads), who changed what (changes); the newest "
        "first, kept for two years. Values that were read are in neither.",
        epilog="Example:  glasshouse records raw-reads --limit 20 --data ./data",
    )
    parser.add_argument("log", choices=tuple(LOGS), help="which record")
    parser.add_argument(
        "--limit", type=int, default=50, metavar="N", help="at most 500; default 50"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        rows = connection.log(options.log, options.limit)
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    names = LOGS[options.log]
    print_table(
        [{"name": name, "title": name.capitalize()} for name in names],
        [{name: _text(row[name]) for name in names} for row in rows],
    )
    return 0


def _text(value: Any) -> Any:
    return ", ".join(f"{n} {v}" for n, v in value.items()) if isinstance(value, dict) else value
