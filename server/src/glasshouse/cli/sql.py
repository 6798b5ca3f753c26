"""`glasshouse sql "SELECT …"`: a person's own read-only query."""

import argparse
import sys
from typing import Any

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.tables import add_format, print_json, print_table
from glasshouse.insight.exporting import csv_text


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "sql",
        help="run a read-only query over the views events, snapshots and instances",
        description="Run a read-only query over the views events, snapshots and instances, and "
        "the typed views of each product. At most 10,000 rows.",
        epilog='Example:  glasshouse sql "select country, count(*) from instances group by all"',
    )
    parser.add_argument("sql", help="one SELECT; '-' reads it from standard input")
    add_format(parser)
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    text = sys.stdin.read() if options.sql == "-" else options.sql
    with connected(options) as connection:
        found = connection.sql(text)
    _SHOW[options.format](found)
    if found["cut"]:
        print("Only the first 10,000 rows are shown.", file=sys.stderr)
    return 0


def _show_table(found: dict[str, Any]) -> None:
    print_table([{"name": name, "title": name} for name in found["columns"]], found["rows"])


def _show_csv(found: dict[str, Any]) -> None:
    rows = [list(row.values()) for row in found["rows"]]
    sys.stdout.write(csv_text(found["columns"], rows).replace("\r\n", "\n"))


_SHOW = {"table": _show_table, "json": lambda found: print_json(found["rows"]), "csv": _show_csv}
