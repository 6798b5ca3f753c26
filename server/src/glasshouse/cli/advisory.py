"""`glasshouse advisory save|list|contacts|remove`: saved advisories, and whom they concern."""

import argparse
import json
import sys
from pathlib import Path

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.day import checked_day
from glasshouse.cli.errors import CommandError
from glasshouse.cli.subject import add_product
from glasshouse.cli.tables import add_format, print_json, print_table
from glasshouse.insight.exporting import csv_text

COLUMNS = ("organization", "name", "contact", "instances", "versions", "last_day")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "advisory",
        help="save advisories; whom one concerns, with contacts",
        description="Advisories that are kept: for alerts, and for a list of whom to write to.",
        epilog="Example:  glasshouse advisory save psmdb CVE-2026-1 --affected '>=8.0.0,<8.0.4'",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    save = actions.add_parser(
        "save",
        help="save an advisory, or save it anew",
        epilog="Example:  glasshouse advisory save psmdb CVE-2026-1 --affected '>=8.0.0,<8.0.4' "
        "--disclosed 2026-10-01 --fix 'Upgrade to 8.0.4: https://example.com/8.0.4'",
    )
    add_product(save)
    save.add_argument("name", metavar="NAME", help="such as CVE-2026-1")
    save.add_argument("--affected", default="", metavar="RANGE", help="such as '>=2.0.0,<2.0.4'")
    save.add_argument("--osv", type=Path, metavar="FILE", help="an OSV record instead")
    save.add_argument("--disclosed", metavar="DAY", help="default: the record's, or today")
    save.add_argument("--title", default="", metavar="TEXT", help="in a few words")
    save.add_argument("--fix", default="", metavar="TEXT", help="what to do, or a link to it")
    save.set_defaults(run=run_save)
    listing = actions.add_parser(
        "list", help="list them", epilog="Example:  glasshouse advisory list psmdb"
    )
    add_product(listing)
    listing.set_defaults(run=run_list)
    contacts = actions.add_parser(
        "contacts",
        help="the organizations that one still concerns, with whom to write to; recorded",
        epilog="Example:  glasshouse advisory contacts psmdb CVE-2026-1 --format csv",
    )
    add_product(contacts)
    contacts.add_argument("name", metavar="NAME", help="as `advisory list` shows it")
    add_format(contacts)
    contacts.set_defaults(run=run_contacts)
    remove = actions.add_parser(
        "remove",
        help="remove one with its alerts",
        epilog="Example:  glasshouse advisory remove psmdb CVE-2026-1",
    )
    add_product(remove)
    remove.add_argument("name", metavar="NAME", help="as `advisory list` shows it")
    remove.set_defaults(run=run_remove)
    for action in (save, listing, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
    for action in (save, listing, contacts, remove):
        add_arguments(action)


def run_save(options: argparse.Namespace) -> int:
    osv = ""
    if options.osv:
        try:
            osv = options.osv.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(
                f"{options.osv}: cannot be read ({error}); expected an OSV record, whole, as UTF-8",
                status=2,
            ) from None
    asked = {
        "product": options.product,
        "name": options.name,
        "affected": options.affected,
        "osv": osv,
        "title": options.title,
        "fix": options.fix,
        "disclosed": options.disclosed and checked_day("--disclosed", options.disclosed),
    }
    with connected(options) as connection:
        made = connection.call("POST", "/api/v1/advisories", json=asked)
    if options.json:
        print(json.dumps(made, indent=1))
    else:
        print(f"{made['name']} is saved: {made['affected']}, disclosed {made['disclosed']}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        found = connection.call("GET", "/api/v1/advisories", params={"product": options.product})
    if options.json:
        print(json.dumps(found["advisories"], indent=1))
        return 0
    for advisory in found["advisories"]:
        print(f"{advisory['name']}  {advisory['affected']}  disclosed {advisory['disclosed']}")
        print(f"    {advisory['title']}. {advisory['fix']}".rstrip())
    if not found["advisories"]:
        print("None yet:  glasshouse advisory save --help")
    return 0


def run_contacts(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        path = f"/api/v1/advisories/{options.product}/{options.name}/contacts"
        rows = connection.call("GET", path)["rows"]
    if options.format == "json":
        print_json(rows)
    elif options.format == "csv":
        text = csv_text(COLUMNS, [list(row.values()) for row in rows])
        sys.stdout.write(text.replace("\r\n", "\n"))
    else:
        columns = [{"name": n, "title": n.replace("_", " ").capitalize()} for n in COLUMNS]
        print_table(columns, rows, f"{options.name}: who has not moved")
    return 0


def run_remove(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        connection.call("DELETE", f"/api/v1/advisories/{options.product}/{options.name}")
    print(json.dumps({"removed": options.name}) if options.json else f"{options.name} is removed")
    return 0
