"""`glasshouse product add|set|list`: the products that a server knows."""

import argparse
import json
from pathlib import Path
from typing import Any

from glasshouse.catalogue.files import write_whole
from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.errors import CommandError
from glasshouse.cli.manifest import composed_source
from glasshouse.cli.subject import add_product
from glasshouse.model import Origin


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "product",
        help="register a manifest, list what is registered",
        description="The products that a server takes items of.",
        epilog="Example:  glasshouse product add shop.toml --data ./data",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="register a manifest, or a new version of one; prints the write key last",
        epilog="Example:  glasshouse product add shop.toml --data ./data --write-key-file key",
    )
    add.add_argument("manifest", type=Path, help="the manifest: TOML, or composed")
    add.add_argument(
        "--write-key-file", type=Path, metavar="FILE", help="also write the key to this file"
    )
    add_arguments(add)
    add.set_defaults(run=run_add)
    _add_set_parser(actions)
    listing = actions.add_parser(
        "list",
        help="list products with their digests and write keys",
        epilog="Example:  glasshouse product list --data ./data --json",
    )
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    add_arguments(listing)
    listing.set_defaults(run=run_list)


def _add_set_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    change = actions.add_parser(
        "set",
        help="change what clients are told: an end, a newer release, less to send, slower",
        epilog="Example:  glasshouse product set shop --release 2.0 --link https://example.com/2.0",
    )
    add_product(change)
    change.add_argument(
        "--ended",
        choices=("yes", "no"),
        help="whether collection is over: clients are told so (410)",
    )
    change.add_argument(
        "--allow",
        action="append",
        metavar="PATH",
        help="an item (event.x) or field (event.x.y) still wanted, repeatable; 'all' for all",
    )
    change.add_argument(
        "--release", metavar="VERSION", help="the newest release, for update checks; 'none'"
    )
    change.add_argument("--link", default="", metavar="URL", help="where that release is")
    change.add_argument("--message", default="", metavar="TEXT", help="what to say of it")
    change.add_argument(
        "--rate", metavar="N", help="most items a second of the product; 'none' for no limit"
    )
    change.add_argument("--instance-rate", metavar="N", help="the same for one instance")
    change.add_argument(
        "--smallest-group",
        metavar="N",
        help="smallest group of instances shown without raw access, and the steps; default 10",
    )
    change.add_argument(
        "--smallest-organizations", metavar="N", help="the same for organizations; default 5"
    )
    change.add_argument(
        "--publish",
        action="append",
        metavar="QUESTION",
        help="what everybody may read at /public/SLUG, such as 'active_instances?by=month', "
        "repeatable; 'none'",
    )
    change.add_argument(
        "--publish-group", metavar="N", help="smallest group of instances there; default 50"
    )
    change.add_argument("--json", action="store_true", help="print the product as JSON")
    add_arguments(change)
    change.set_defaults(run=run_set)


def run_set(options: argparse.Namespace) -> int:
    changes: dict[str, Any] = {}
    if options.ended:
        changes["ended"] = options.ended == "yes"
    if options.allow:
        changes["allow"] = None if "all" in options.allow else options.allow
    if options.release == "none":
        changes["release"] = None
    elif options.release:
        release = {"version": options.release, "link": options.link, "message": options.message}
        changes["release"] = release
    for name in ("rate", "instance_rate"):
        text = getattr(options, name)
        if text:
            changes[name] = None if text == "none" else _number(name, text)
    if options.publish:
        changes["publish"] = [] if "none" in options.publish else options.publish
    for name in ("smallest_group", "smallest_organizations", "publish_group"):
        text = getattr(options, name)
        if text:
            changes[name] = _whole_number(name, text)
    with connected(options) as connection:
        product = connection.change_product(options.product, changes)
    if options.json:
        print(json.dumps(product, indent=1))
    else:
        print(f"Settings of '{product['slug']}': {json.dumps(product['settings'])}")
    return 0


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CommandError(
            f"--{name.replace('_', '-')}: found '{text}'; expected a number or none", status=2
        ) from None


def _whole_number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise CommandError(
            f"--{name.replace('_', '-')}: found '{text}'; expected a whole number", status=2
        ) from None


def run_add(options: argparse.Namespace) -> int:
    if not options.manifest.is_file():
        raise CommandError(
            f"{options.manifest}: no such file; expected a manifest "
            "(glasshouse manifest new SLUG begins one)",
            status=2,
        )
    source = composed_source(options.manifest)
    with connected(options, create=True) as connection:
        product = connection.add_product(source)
    key = next(k["key"] for k in product["write_keys"] if k["origin"] == Origin.PRODUCTION)
    if options.write_key_file:
        write_whole(options.write_key_file, f"{key}\n".encode())
    print(f"{product['name']} is registered as '{product['slug']}', {product['digest']}")
    print("Its write key; the product's clients send it:")
    print(key)
    return 0


def run_list(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        products = connection.products()
    if options.json:
        print(json.dumps(products, indent=1))
        return 0
    if not products:
        print("No product is registered. Add one:  glasshouse product add MANIFEST")
    for product in products:
        print(f"{product['slug']}  {product['name']}  {product['digest']}")
        for key in product["write_keys"]:
            print(f"  {key['origin']:12} {key['key']}")
    return 0
