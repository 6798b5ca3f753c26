"""`glasshouse people list|invite|set|remove`: who has an account on a server."""

import argparse
import json

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.people import Role

ROLES = tuple(role.value for role in Role)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "people",
        help="who has an account: list, invite, change, remove",
        description="Who has an account on a server. Every change is on record.",
        epilog="Example:  glasshouse people invite --role analyst --data ./data",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list",
        help="list the people with their roles",
        epilog="Example:  glasshouse people list --data ./data --json",
    )
    listing.set_defaults(run=run_list)
    invite = actions.add_parser(
        "invite",
        help="make a one-time link for an account, or for a new password",
        epilog="Example:  glasshouse people invite --role admin --raw --data ./data",
    )
    invite.add_argument("--role", choices=ROLES, default=Role.VIEWER.value, help="default viewer")
    invite.add_argument("--raw", action="store_true", help="with raw access")
    invite.add_argument("--name", metavar="NAME", help="a new password for this person instead")
    invite.set_defaults(run=run_invite)
    change = actions.add_parser(
        "set",
        help="give another role, give or take raw access",
        epilog="Example:  glasshouse people set robin --raw yes --data ./data",
    )
    change.add_argument("name", metavar="NAME", help="the name that they sign in with")
    change.add_argument("--role", choices=ROLES, help="what they may do")
    change.add_argument("--raw", choices=("yes", "no"), help="whether they may read single rows")
    change.set_defaults(run=run_set)
    remove = actions.add_parser(
        "remove",
        help="remove an account with its sessions and tokens",
        epilog="Example:  glasshouse people remove robin --data ./data",
    )
    remove.add_argument("name", metavar="NAME", help="the name that they sign in with")
    remove.set_defaults(run=run_remove)
    for action in (listing, invite, change, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_arguments(action)


def run_list(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        people = connection.people()
    if options.json:
        print(json.dumps(people, indent=1, default=str))
        return 0
    if not people:
        print(
            "Nobody has an account. Invite somebody:  glasshouse people invite --role admin --raw"
        )
    for person in people:
        print(f"{person['name']}  {person['role']}{', raw access' * person['raw']}")
    return 0


def run_invite(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        made = connection.invite(options.role, raw=options.raw, name=options.name)
    if options.json:
        print(json.dumps(made))
    else:
        print(f"This link works once, for {made['hours']} hours:\n{made['link']}")
    return 0


def run_set(options: argparse.Namespace) -> int:
    changes = {"role": options.role, "raw": {"yes": True, "no": False, None: None}[options.raw]}
    with connected(options) as connection:
        person = connection.change_person(
            options.name, {name: value for name, value in changes.items() if value is not None}
        )
    if options.json:
        print(json.dumps(person, default=str))
    else:
        print(f"{person['name']} is {person['role']}{' with raw access' * person['raw']}")
    return 0


def run_remove(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        connection.remove_person(options.name)
    print(json.dumps({"removed": options.name}) if options.json else f"{options.name} is removed")
    return 0
