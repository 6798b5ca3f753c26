"""`glasshouse erase`: remove items for good. So far: everything simulated of a product."""

import argparse

from glasshouse.cli.connection import add_arguments, connected


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "erase",
        help="remove the simulated fleet of a product",
        description="Removes everything simulated of a product, and all derived from it.",
        epilog="Example:  glasshouse erase --product psmdb --simulated --data .demo",
    )
    parser.add_argument("--product", required=True, metavar="SLUG")
    parser.add_argument(
        "--simulated", action="store_true", required=True, help="what to remove; must be said"
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with connected(options) as connection:
        count = connection.erase_simulated(options.product)
    print(f"Removed {count} simulated items of '{options.product}'.")
    return 0
