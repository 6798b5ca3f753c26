"""`glasshouse product add|list`: the products that a server knows."""

import argparse
import json
from pathlib import Path

from glasshouse.catalogue.files import write_whole
from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.errors import CommandError
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
    add.add_argument("manifest", type=Path)
    add.add_argument(
        "--write-key-file", type=Path, metavar="FILE", help="also write the key to this file"
    )
    add_arguments(add)
    add.set_defaults(run=run_add)
    listing = actions.add_parser(
        "list",
        help="list products with their digests and write keys",
        epilog="Example:  glasshouse product list --data ./data --json",
    )
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    add_arguments(listing)
    listing.set_defaults(run=run_list)


def run_add(options: argparse.Namespace) -> int:
    try:
        source = options.manifest.read_bytes()
    except OSError as error:
        raise CommandError(
            f"{options.manifest}: {error.strerror}; expected a manifest "
            "(glasshouse manifest new SLUG begins one)",
            status=2,
        ) from None
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
