"""The arguments that say what a command is about: a product, or one identity of it."""

import argparse

HELP = "the product it is about, by its slug"


def add_product(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("product", metavar="SLUG", help=HELP)


def add_identity(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """The product by a flag, and of what is returned one is needed: more may be added to it."""
    parser.add_argument("--product", required=True, metavar="SLUG", help=HELP)
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--instance", metavar="ID", help="everything of one instance")
    whose.add_argument(
        "--identity",
        nargs=2,
        metavar=("KIND", "ID"),
        help="everything of one user, organization or other identity that the manifest declares",
    )
    return whose


def identity_of(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Kind and id; both None where neither was given. An empty id is one that was given."""
    if options.instance is not None:
        return "instance", options.instance
    kind, identity = options.identity or (None, None)
    return kind, identity
