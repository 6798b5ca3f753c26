"""`glasshouse erase`: remove items for good, with a receipt."""

import argparse
import json
from typing import Any

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.errors import CommandError
from glasshouse.cli.subject import add_identity, identity_of


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "erase",
        help="erase an instance, user or organization, a product, or a simulated fleet",
        description="Removes items and all derived from them, from store, journal and everything "
        "else that the server keeps, and prints a receipt. Items of an erased identity that were "
        "made before are not let in again. A backup made earlier is cleansed when it is restored.",
        epilog="Examples:  glasshouse erase --product psmdb "
        "--instance 6aef422e-56a7-4530-af9d-0123456789ab  ·  "
        "glasshouse erase --product psmdb --identity organization acme --to 2026-01-01  ·  "
        "glasshouse erase --product psmdb --simulated",
    )
    what = add_identity(parser)
    what.add_argument("--all", action="store_true", help="everything of the product")
    what.add_argument("--simulated", action="store_true", help="the simulated fleet")
    parser.add_argument("--from", dest="since", metavar="TIME", help="made from then on (UTC)")
    parser.add_argument("--to", dest="until", metavar="TIME", help="made before then (UTC)")
    parser.add_argument("--json", action="store_true", help="print the receipt as JSON")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.simulated:
        return _erase_simulated(options)
    kind, identity = identity_of(options)
    asked = {
        "product": options.product,
        "kind": kind,
        "identity": identity,
        "from": options.since,
        "to": options.until,
    }
    with connected(options) as connection:
        receipt = connection.keep("erase", asked)
    print(json.dumps(receipt, indent=1) if options.json else _receipt_text(receipt))
    return 0


def _erase_simulated(options: argparse.Namespace) -> int:
    if options.since or options.until:
        raise CommandError(
            "found --from or --to beside --simulated; expected one of them", status=2
        )
    with connected(options) as connection:
        count = connection.erase_simulated(options.product)
    if options.json:
        print(json.dumps({"product": options.product, "origin": "simulated", "items_total": count}))
    else:
        print(f"Removed {count} simulated items of '{options.product}'.")
    return 0


def _receipt_text(receipt: dict[str, Any]) -> str:
    lines = [f"Erased {receipt['items_total']} items of '{receipt['product']}'."]
    lines += [f"  {item}: {count}" for item, count in receipt["items"].items()]
    lines.append(f"  ids that are not kept any more: {receipt['identities']}")
    lines.append(f"Receipt {receipt['name']}, sha256 {receipt['sha256']}")
    return "\n".join(lines)
