"""`glasshouse share list|remove`: the share links of a console. Making one takes an account."""

import argparse
import json

from glasshouse.cli.connection import add_arguments, connected


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "share",
        help="share links: make, list, take back",
        description="Links to one page with its state, for whoever holds them. A link has the "
        "access of its maker, so that making one takes a person's token: --server URL --token T.",
        epilog="Example:  glasshouse share list --data ./data",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    make = actions.add_parser(
        "make",
        help="make one; prints it last",
        epilog="Example:  glasshouse share make '/products/psmdb?period=30d' --days 14 "
        "--server https://t.example.com --token ghtok_…",
    )
    make.add_argument("address", metavar="PAGE", help="path and query of a product's page")
    make.add_argument("--title", default="", metavar="TEXT", help="for whom, or what for")
    make.add_argument("--days", type=int, default=30, metavar="N", help="1 to 366; default 30")
    make.add_argument("--raw", action="store_true", help="exact numbers; each opening is recorded")
    make.set_defaults(run=run_make)
    listing = actions.add_parser(
        "list", help="list them", epilog="Example:  glasshouse share list --data ./data --json"
    )
    listing.set_defaults(run=run_list)
    remove = actions.add_parser(
        "remove", help="take one back", epilog="Example:  glasshouse share remove 1f2e3d4c5b6a"
    )
    remove.add_argument("id", metavar="ID", help="as `share list` shows it")
    remove.set_defaults(run=run_remove)
    for action in (make, listing, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_arguments(action)


def run_make(options: argparse.Namespace) -> int:
    asked = {
        "address": options.address,
        "title": options.title,
        "days": options.days,
        "raw": options.raw,
    }
    with connected(options) as connection:
        made = connection.call("POST", "/api/v1/shares", json=asked)
    print(json.dumps(made) if options.json else f"{options.server or ''}{made['link']}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        found = connection.call("GET", "/api/v1/shares")["shares"]
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for share in found:
        exactly = ", exact" * share["raw"]
        print(f"{share['id']}  {share['title']}: {share['address']}{exactly}")
        print(f"    of {share['person']}, until {share['until'][:10]}, opened {share['opened']}")
    if not found:
        print("None yet: the page Share links makes them.")
    return 0


def run_remove(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        connection.call("DELETE", f"/api/v1/shares/{options.id}")
    print(json.dumps({"removed": options.id}) if options.json else f"{options.id} is taken back")
    return 0
