"""How a command reaches the data: through the server that owns it, or by opening it itself.

Only one process may hold the store, so a command asks the running server. A server writes its
address and token to DATA/server.json; where none answers, the store is free to be opened here.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from glasshouse.cli.directory import Directory
from glasshouse.cli.errors import CommandError, InUseError
from glasshouse.cli.installation import Installation
from glasshouse.cli.server import Server
from glasshouse.cli.server_file import running_server
from glasshouse.settings import Settings, from_environment

DEFAULT_DATA = Path("data")
PATIENCE = 15.0  # seconds that a server may take to start or stop

Words = Mapping[str, Sequence[str]]


class Connection(Protocol):
    """Answers, wherever they come from. Raises `CommandError`, with status 2 for a wrong question.

    An answer is what `glasshouse.insight.exporting.answer_object` makes.
    """

    def ask(self, question: str, words: Words) -> dict[str, Any]: ...

    def sql(self, text: str) -> dict[str, Any]:
        """`columns`, `rows` (objects by column) and `cut`: whether there were more rows."""

    def products(self) -> list[dict[str, Any]]:
        """The registered products, as `application.product_object` makes them."""

    def add_product(self, source: bytes) -> dict[str, Any]:
        """Register a manifest."""

    def change_product(self, slug: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a product's settings; the product as it is then."""

    def erase_simulated(self, product: str) -> int:
        """Remove the simulated items of a product; how many there were."""

    def keep(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Erase, back up or check: one of `keeping.ACTIONS`."""

    def people(self) -> list[dict[str, Any]]:
        """Who has an account."""

    def invite(self, role: str, *, raw: bool, name: str | None = None) -> dict[str, Any]:
        """Make a one-time link: `link` and for how many `hours` it holds."""

    def change_person(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Give another `role`, or `raw` access; the person as it is then."""

    def remove_person(self, name: str) -> None:
        """Remove an account with its sessions and tokens."""

    def log(self, name: str, limit: int) -> list[dict[str, Any]]:
        """The newest rows of `raw-reads` or `changes`."""

    def call(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        """The JSON object that the console's interface answers; `rest` as httpx has it."""

    def export(self, asked: Mapping[str, Any]) -> Iterator[str]:
        """Lines of JSON about one identity. Raises `CommandError` if not all of them came."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say where the data is."""
    where = parser.add_argument_group("where to ask")
    where.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the server's data directory on this machine (GLASSHOUSE_DATA, else ./data)",
    )
    where.add_argument("--server", metavar="URL", help="a server's address, with --token")
    where.add_argument("--token", help="a token: of the page Account, or of its server.json")
    where.add_argument("--why", default="", metavar="TEXT", help="on record where data is read")


@contextmanager
def connected(options: argparse.Namespace, *, create: bool = False) -> Iterator[Connection]:
    """The connection that the options ask for; `create` makes a data directory that is missing."""
    if options.server:
        yield replace(_named_server(options.server, options.token), why=options.why)
        return
    data = options.data or from_environment(Settings(data=DEFAULT_DATA)).data
    with _found(data, create=create) as found:
        yield replace(found, why=options.why)


@contextmanager
def _found(data: Path, *, create: bool) -> Iterator[Server | Directory]:
    """The server on a directory, or the directory itself once nobody else has it.

    A server that is starting or stopping holds the directory and cannot be asked: that passes.
    """
    give_up = time.monotonic() + PATIENCE
    while True:
        server = running_server(data)
        if server is not None:
            yield server
            return
        try:
            installation = _open(data, create=create)
        except InUseError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)
            continue
        try:
            yield Directory(installation)
        finally:
            installation.close()
        return


def _named_server(url: str, token: str | None) -> Server:
    if not token:
        raise CommandError("found --server without --token; expected both", status=2)
    if not url.startswith(("http://", "https://")):
        raise CommandError(f"--server: found '{url}'; expected http://… or https://…", status=2)
    return Server(url.rstrip("/"), token)


def _open(data: Path, *, create: bool) -> Installation:
    if not create and not (data / "store").is_dir():
        raise CommandError(
            f"found no Glasshouse data in '{data}'; expected --data DIR of a server that has run, "
            "or --server URL --token TOKEN"
        )
    settings = replace(from_environment(Settings(data=data)), data=data)
    return Installation(settings, lambda message: print(message, file=sys.stderr))
