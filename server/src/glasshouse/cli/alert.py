"""`glasshouse alert add|list|try|remove`: who is told when something new is shown."""

import argparse
import json

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.errors import CommandError
from glasshouse.cli.subject import add_product
from glasshouse.office.alerts import Medium


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "alert",
        help="tell somebody, by mail or webhook, when an advisory concerns more",
        description="Alerts of a running server: once a day what pages show without raw access; "
        "with raw access every hour, exactly, and on record. docs/guides/alerts.md",
        epilog="Example:  glasshouse alert add psmdb --advisory CVE-2026-1 --email ops@example.com",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="tell somebody from now on; of a webhook prints its secret last",
        epilog="Example:  glasshouse alert add psmdb --advisory CVE-2026-1 "
        "--webhook https://example.com/hooks/glasshouse",
    )
    add_product(add)
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--advisory", default="", metavar="NAME", help="a saved advisory")
    what.add_argument(
        "--question", default="", metavar="NAME",
        help="what appears in version_adoption, geography or field_distribution",
    )  # fmt: skip
    add.add_argument(
        "--word", action="append", default=[], metavar="NAME=VALUE",
        help="a word of the question, such as field=snapshot.host.system; repeatable",
    )  # fmt: skip
    to = add.add_mutually_exclusive_group(required=True)
    to.add_argument("--email", metavar="ADDRESS", help="send it there")
    to.add_argument("--webhook", metavar="URL", help="post it there, signed")
    add.set_defaults(run=run_add)
    listing = actions.add_parser(
        "list", help="list them, with the last try", epilog="Example:  glasshouse alert list"
    )
    listing.set_defaults(run=run_list)
    trial = actions.add_parser(
        "try", help="send a trial now", epilog="Example:  glasshouse alert try 1f2e3d4c5b6a"
    )
    trial.add_argument("id", metavar="ID", help="as `alert list` shows it")
    trial.set_defaults(run=run_try)
    remove = actions.add_parser(
        "remove", help="tell no more", epilog="Example:  glasshouse alert remove 1f2e3d4c5b6a"
    )
    remove.add_argument("id", metavar="ID", help="as `alert list` shows it")
    remove.set_defaults(run=run_remove)
    for action in (add, listing, trial, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_arguments(action)


def run_add(options: argparse.Namespace) -> int:
    words: dict[str, list[str]] = {}
    for text in options.word:
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"--word: found '{text}'; expected NAME=VALUE", status=2)
        words.setdefault(name, []).append(value)
    asked = {
        "product": options.product,
        "advisory": options.advisory,
        "question": options.question,
        "words": words,
        "way": Medium.EMAIL if options.email else Medium.WEBHOOK,
        "to": options.email or options.webhook,
    }
    with connected(options) as connection:
        made = connection.call("POST", "/api/v1/alerts", json=asked)
    if options.json:
        print(json.dumps(made, indent=1))
        return 0
    print(f"The alert {made['id']} tells {made['destination']}; glasshouse alert try {made['id']}")
    if made["secret"]:
        print("What it sends is signed with this secret, which is not shown again:")
        print(made["secret"])
    return 0


def run_list(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        found = connection.call("GET", "/api/v1/alerts")["alerts"]
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for alert in found:
        about = alert["advisory"] or alert["question"]
        exactly = ", exactly" * alert["raw"]
        print(f"{alert['id']}  {alert['product']} {about}{exactly}: {alert['destination']}")
        told = f"told {alert['told_at']}" if alert["told_at"] else "told nothing yet"
        print(f"    {alert['problem'] or told}")
    if not found:
        print("None yet:  glasshouse alert add --help")
    return 0


def run_try(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        problem = connection.call("POST", f"/api/v1/alerts/{options.id}/trial")["problem"]
    if options.json:
        print(json.dumps({"problem": problem}))
    else:
        print(problem or "It was delivered.")
    return 1 if problem else 0


def run_remove(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        connection.call("DELETE", f"/api/v1/alerts/{options.id}")
    print(json.dumps({"removed": options.id}) if options.json else f"{options.id} is removed")
    return 0
