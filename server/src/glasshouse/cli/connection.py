"""How a command reaches the data: through the server that owns it, or by opening it itself.

Only one process may hold the store, so a command asks the running server. A server writes its
address and token to DATA/server.json; where none answers, the store is free to be opened here.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from glasshouse.catalogue import SettingsError
from glasshouse.cli.application import product_object
from glasshouse.cli.errors import CommandError, InUseError
from glasshouse.cli.installation import Installation
from glasshouse.insight import QuestionError, SqlError
from glasshouse.insight.exporting import answer_object, row_objects
from glasshouse.settings import Settings, from_environment
from glasshouse_sdk.manifest import ManifestError

DEFAULT_DATA = Path("data")
SERVER_FILE = "server.json"
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


@dataclass(frozen=True, slots=True)
class Server:
    """A server by its address and the token that opens it."""

    url: str
    token: str

    def ask(self, question: str, words: Words) -> dict[str, Any]:
        pairs = [(name, value) for name, values in words.items() for value in values]
        return self.call("GET", f"/api/v1/ask/{quote(question, safe='')}", params=pairs)

    def sql(self, text: str) -> dict[str, Any]:
        return self.call("POST", "/api/v1/sql", json={"sql": text})

    def products(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/api/v1/products")["products"])

    def add_product(self, source: bytes) -> dict[str, Any]:
        return self.call("POST", "/api/v1/products", content=source)

    def change_product(self, slug: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        return self.call("PATCH", f"/api/v1/products/{quote(slug, safe='')}", json=changes)

    def erase_simulated(self, product: str) -> int:
        return int(self.call("DELETE", f"/api/v1/products/{product}/simulated")["erased"])

    def answers(self) -> bool:
        """Whether anything takes connections at the address."""
        try:
            httpx.get(f"{self.url}/health/ready", timeout=10, trust_env=False)
        except httpx.ConnectError:
            return False
        except httpx.HTTPError:
            return True  # there is a server, if a slow or an odd one
        return True

    def call(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        """The JSON object that the server answers. Raises `CommandError` for any other answer."""
        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                headers={"authorization": f"Bearer {self.token}"},
                timeout=60,
                trust_env=False,
                **rest,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(
                f"found no answer at {self.url} ({error}); expected a running server: "
                "check the address, or start one with 'glasshouse serve'"
            ) from None
        document = _object(answer)
        if answer.is_success and document is not None:
            return document
        raise _refusal(self.url, answer.status_code, document or {})


@dataclass(frozen=True, slots=True)
class Direct:
    """The data directory opened here, where no server has it."""

    installation: Installation

    def ask(self, question: str, words: Words) -> dict[str, Any]:
        try:
            return answer_object(self.installation.insight.ask(question, words))
        except QuestionError as error:
            raise CommandError(str(error), status=2) from None

    def sql(self, text: str) -> dict[str, Any]:
        try:
            found = self.installation.insight.sql(text)
        except SqlError as error:
            raise CommandError(str(error), status=2) from None
        rows = row_objects(found.columns, found.rows)
        columns = list(rows[0]) if rows else list(found.columns)
        return {"columns": columns, "rows": rows, "cut": found.cut}

    def products(self) -> list[dict[str, Any]]:
        return [product_object(product) for product in self.installation.catalogue]

    def add_product(self, source: bytes) -> dict[str, Any]:
        try:
            return product_object(self.installation.register(source))
        except ManifestError as error:
            raise CommandError(problem_lines(map(asdict, error.problems)), status=2) from None

    def change_product(self, slug: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return product_object(self.installation.change_product(slug, changes))
        except KeyError:
            raise CommandError(f"found no product '{slug}'; see glasshouse product list") from None
        except SettingsError as error:
            raise CommandError(str(error), status=2) from None

    def erase_simulated(self, product: str) -> int:
        if self.installation.catalogue.product(product) is None:
            raise CommandError(f"found no product '{product}'; see glasshouse product list")
        return self.installation.erase_simulated(product)


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
    where.add_argument("--token", help="the server's token, as in its server.json")


@contextmanager
def connected(options: argparse.Namespace, *, create: bool = False) -> Iterator[Connection]:
    """The connection that the options ask for; `create` makes a data directory that is missing."""
    if options.server:
        yield _named_server(options.server, options.token)
        return
    data = options.data or from_environment(Settings(data=DEFAULT_DATA)).data
    with _found(data, create=create) as found:
        yield found


@contextmanager
def _found(data: Path, *, create: bool) -> Iterator[Connection]:
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
            yield Direct(installation)
        finally:
            installation.close()
        return


def running_server(data: Path) -> Server | None:
    """The server that runs on a data directory, if one does."""
    try:
        facts = json.loads((data / SERVER_FILE).read_bytes())
        server = Server(facts["url"].rstrip("/"), facts["token"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise CommandError(
            f"found {data / SERVER_FILE}, which this user may not read; "
            "run the command as the server's user, or give --server and --token"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # left half-written by a server that is gone
    return server if server.answers() else None


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


def problem_lines(problems: Iterable[Mapping[str, str]]) -> str:
    """What is wrong with a manifest, one problem a line."""
    lines = [f"  {p['where']}: found {p['found']}; expected {p['expected']}" for p in problems]
    return f"the manifest has {len(lines)} problem{'s' * (len(lines) > 1)}\n" + "\n".join(lines)


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _refusal(url: str, status: int, document: Mapping[str, Any]) -> CommandError:
    if status == 401:
        return CommandError(f"{url} does not know this token; its server.json has the right one")
    if "problems" in document:
        return CommandError(problem_lines(document["problems"]), status=2)
    if "message" in document:
        return CommandError(str(document["message"]), status=2)
    said = document.get("error", f"status {status}")
    return CommandError(f"{url} answered '{said}'; expected a Glasshouse server of this version")
