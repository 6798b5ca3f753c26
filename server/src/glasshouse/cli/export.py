"""`glasshouse export`: all that is held about one identity."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.errors import CommandError
from glasshouse.cli.subject import add_identity, identity_of


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "export",
        help="print all that is held about an instance, user or organization",
        description="Prints a line of JSON for every row that belongs to the identity: its items, "
        "and what is derived of them.",
        epilog="Example:  glasshouse export --product psmdb "
        "--instance 6aef422e-56a7-4530-af9d-0123456789ab --output it.jsonl",
    )
    add_identity(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    kind, identity = identity_of(options)
    asked = {"product": options.product, "kind": kind, "identity": identity}
    rows = 0
    with connected(options) as connection:
        lines = connection.export(asked)
        first = next(lines, None)  # before the file: what is refused leaves an older one as it was
        with _opened(options.output) as output:
            for line in () if first is None else chain((first,), lines):
                rows += 1
                output.write(line)
    print(f"{rows} {'row is' if rows == 1 else 'rows are'} held about it.", file=sys.stderr)
    return 0


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        with path.open("w") as output:
            yield output
    except OSError as error:
        raise CommandError(
            f"{path}: cannot be written ({error.strerror}); expected --output FILE in a directory "
            "that is there and can be written",
            status=2,
        ) from None
