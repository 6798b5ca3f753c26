"""`glasshouse contacts import|list`: whom to write to at the organizations that use a product."""

import argparse
import json
from pathlib import Path

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.errors import CommandError
from glasshouse.cli.subject import add_product


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "contacts",
        help="whom to write to at an organization: import from the table of licences, list",
        description="Contacts of organizations, out of the vendor's own records. An erasure of "
        "an organization removes its contact.",
        epilog="Example:  glasshouse contacts import psmdb licences.csv",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    load = actions.add_parser(
        "import",
        help="take these instead of all that there are",
        description="CSV, UTF-8, with the header  organization,name,contact  where `organization` "
        "is the id that items name.",
        epilog="Example:  glasshouse contacts import psmdb licences.csv",
    )
    add_product(load)
    load.add_argument("file", type=Path, metavar="FILE", help="CSV, one organization a line")
    load.set_defaults(run=run_import)
    listing = actions.add_parser(
        "list",
        help="list them; recorded",
        epilog="Example:  glasshouse contacts list psmdb --json --why 'case 7'",
    )
    add_product(listing)
    listing.set_defaults(run=run_list)
    for action in (load, listing):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_arguments(action)


def run_import(options: argparse.Namespace) -> int:
    try:
        body = options.file.read_bytes()
    except OSError as error:
        raise CommandError(f"{options.file}: cannot be read ({error})", status=2) from None
    with connected(options) as connection:
        made = connection.call(
            "POST", "/api/v1/contacts", params={"product": options.product}, content=body
        )
    print(json.dumps(made) if options.json else f"{made['contacts']} contacts of {made['product']}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    found: list[dict[str, str]] = []
    after: str | None = ""
    with connected(options) as connection:
        while after is not None:
            asked = {"product": options.product, "after": after, "limit": 1000}
            page = connection.call("GET", "/api/v1/contacts", params=asked)
            found += page["contacts"]
            after = page["after"]
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for contact in found:
        print(f"{contact['organization']}  {contact['name']}  {contact['contact']}".rstrip())
    if not found:
        print("None yet:  glasshouse contacts import --help")
    return 0
