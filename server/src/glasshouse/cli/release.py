"""`glasshouse release put|list|remove`: what came out when, for charts to be annotated with."""

import argparse
import json
from datetime import UTC, datetime

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.day import checked_day
from glasshouse.cli.subject import add_product


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "release",
        help="set down releases with their days: charts and answers show them",
        description="Releases of a product with day and note. Answers over days name those of "
        "their period.",
        epilog="Example:  glasshouse release put psmdb 8.0.4 --day 2026-10-01 --note 'the fix'",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    put = actions.add_parser(
        "put",
        help="set one down, or anew",
        epilog="Example:  glasshouse release put psmdb 8.0.4 --day 2026-10-01 --note 'the fix'",
    )
    add_product(put)
    put.add_argument("version", metavar="VERSION", help="as items name it")
    put.add_argument("--day", metavar="DAY", help="such as 2026-10-01; default today, UTC")
    put.add_argument("--note", default="", metavar="TEXT", help="what is shown beside it")
    put.set_defaults(run=run_put)
    listing = actions.add_parser(
        "list", help="list them", epilog="Example:  glasshouse release list psmdb"
    )
    add_product(listing)
    listing.set_defaults(run=run_list)
    remove = actions.add_parser(
        "remove", help="remove one", epilog="Example:  glasshouse release remove psmdb 8.0.4"
    )
    add_product(remove)
    remove.add_argument("version", metavar="VERSION", help="as items name it")
    remove.set_defaults(run=run_remove)
    for action in (put, listing, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_arguments(action)


def run_put(options: argparse.Namespace) -> int:
    asked = {
        "product": options.product,
        "version": options.version,
        "day": checked_day("--day", options.day or str(datetime.now(UTC).date())),
        "note": options.note,
    }
    with connected(options) as connection:
        made = connection.call("POST", "/api/v1/releases", json=asked)
    print(json.dumps(made) if options.json else f"{made['version']}, {made['day']}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        found = connection.call("GET", "/api/v1/releases", params={"product": options.product})
    if options.json:
        print(json.dumps(found["releases"], indent=1))
        return 0
    for release in found["releases"]:
        print(f"{release['day']}  {release['version']}  {release['note']}".rstrip())
    if not found["releases"]:
        print("None yet:  glasshouse release put --help")
    return 0


def run_remove(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        connection.call("DELETE", f"/api/v1/releases/{options.product}/{options.version}")
    print(json.dumps({"removed": options.version}) if options.json else "It is removed.")
    return 0
