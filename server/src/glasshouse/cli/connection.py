"""How a command reaches the data: through the server that owns it, or by opening it itself.

Only one process may hold the store, so a command asks the running server. A server writes its
address and token to DATA/server.json; where none answers, the store is free to be opened here.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from glasshouse.catalogue import SettingsError
from glasshouse.cli.application import product_object
from glasshouse.cli.directly import answered
from glasshouse.cli.errors import CommandError, InUseError
from glasshouse.cli.installation import Installation
from glasshouse.cli.keeping import END, PREFIX, carry_out, export_lines, record
from glasshouse.cli.server_file import SERVER_FILE
from glasshouse.console import people_api
from glasshouse.console.access import WHY
from glasshouse.insight import QuestionError, SqlError
from glasshouse.insight.exporting import answer_object, row_objects
from glasshouse.insight.reading import Reading
from glasshouse.people import PersonError, Role
from glasshouse.people.rights import machine
from glasshouse.settings import Settings, from_environment
from glasshouse_sdk.manifest import ManifestError

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


@dataclass(frozen=True, slots=True)
class Server:
    """A server by its address and the token that opens it; `why` is put on record."""

    url: str
    token: str
    why: str = ""

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

    def keep(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self.call("POST", f"{PREFIX}{action}", json=dict(asked), timeout=3600)

    def export(self, asked: Mapping[str, Any]) -> Iterator[str]:
        try:
            with httpx.stream(
                "POST",
                f"{self.url}{PREFIX}export",
                json=dict(asked),
                headers=self._headers(),
                timeout=3600,
                trust_env=False,
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    raise _refusal(self.url, answer.status_code, _object(answer) or {})
                yield from whole(f"{line}\n" for line in answer.iter_lines())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(f"the export broke off ({error}); try again") from None

    def people(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/api/v1/people")["people"])

    def invite(self, role: str, *, raw: bool, name: str | None = None) -> dict[str, Any]:
        asked = {"role": role, "raw": raw, "name": name}
        made = self.call("POST", "/api/v1/people/invitations", json=asked)
        return {**made, "link": f"{self.url}{made['link']}"}

    def change_person(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        return self.call("PATCH", f"/api/v1/people/{quote(name, safe='')}", json=dict(changes))

    def remove_person(self, name: str) -> None:
        self.call("DELETE", f"/api/v1/people/{quote(name, safe='')}")

    def log(self, name: str, limit: int) -> list[dict[str, Any]]:
        return list(self.call("GET", f"/api/v1/records/{name}", params={"limit": limit})["rows"])

    def is_open(self) -> bool:
        """Whether a browser at this machine comes in without being asked who it is."""
        answer = httpx.get(f"{self.url}/", timeout=10, trust_env=False)
        return answer.status_code == 200

    def answers(self) -> bool:
        """Whether anything takes connections at the address."""
        try:
            httpx.get(f"{self.url}/health/ready", timeout=10, trust_env=False)
        except httpx.ConnectError:
            return False
        except httpx.HTTPError:
            return True  # there is a server, if a slow or an odd one
        return True

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", **_why(self.why)}

    def call(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        """The JSON object that the server answers. Raises `CommandError` for any other answer."""
        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                headers=self._headers(),
                timeout=rest.pop("timeout", 60),
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
    why: str = ""

    def ask(self, question: str, words: Words) -> dict[str, Any]:
        try:
            return answer_object(self._reading().ask(question, words))
        except QuestionError as error:
            raise CommandError(str(error), status=2) from None

    def sql(self, text: str) -> dict[str, Any]:
        try:
            found = self._reading().sql(text)
        except SqlError as error:
            raise CommandError(str(error), status=2) from None
        rows = row_objects(found.columns, found.rows)
        columns = list(rows[0]) if rows else list(found.columns)
        return {"columns": columns, "rows": rows, "cut": found.cut}

    def products(self) -> list[dict[str, Any]]:
        return [product_object(product) for product in self.installation.catalogue]

    def add_product(self, source: bytes) -> dict[str, Any]:
        try:
            product = self.installation.register(source, machine(self.why))
        except ManifestError as error:
            raise CommandError(problem_lines(map(asdict, error.problems)), status=2) from None
        return product_object(product)

    def change_product(self, slug: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        try:
            product = self.installation.change_product(slug, changes, machine(self.why))
        except KeyError:
            raise CommandError(f"found no product '{slug}'; see glasshouse product list") from None
        except SettingsError as error:
            raise CommandError(str(error), status=2) from None
        return product_object(product)

    def erase_simulated(self, product: str) -> int:
        if self.installation.catalogue.product(product) is None:
            raise CommandError(f"found no product '{product}'; see glasshouse product list")
        return self.installation.erase_simulated(product, machine(self.why))

    def people(self) -> list[dict[str, Any]]:
        return [asdict(person) for person in self.installation.people.people()]

    def invite(self, role: str, *, raw: bool, name: str | None = None) -> dict[str, Any]:
        return self._person(
            lambda *at: people_api.invite(
                at[0], at[1], at[2], people_api.Invite(_role(role), raw, name)
            )
        )

    def change_person(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        role = _role(changes["role"]) if changes.get("role") else None
        asked = people_api.ChangePerson(role, changes.get("raw"))
        return self._person(lambda *at: people_api.change_person(at[0], at[1], at[2], name, asked))

    def remove_person(self, name: str) -> None:
        self._person(lambda *at: people_api.remove_person(at[0], at[1], at[2], name))

    def log(self, name: str, limit: int) -> list[dict[str, Any]]:
        records = self.installation.records
        read = {"raw-reads": records.raw_reads, "changes": records.changes}[name]
        return read(None, limit)

    def _person(self, act: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        try:
            return act(self.installation.people, self.installation.records, machine(self.why))
        except PersonError as error:
            raise CommandError(str(error), status=2) from None

    def call(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        answer = answered(self.installation, method, path, _why(self.why), **rest)
        document = _object(answer)
        if answer.is_success and document is not None:
            return document
        raise _refusal(str(self.installation.settings.data), answer.status_code, document or {})

    def _reading(self) -> Reading:
        return self.installation.reading(machine(self.why))

    def keep(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        record(self.installation.records, machine(self.why), action, asked)
        return carry_out(self.installation.holdings, action, asked)

    def export(self, asked: Mapping[str, Any]) -> Iterator[str]:
        record(self.installation.records, machine(self.why), "export", asked)
        return whole(export_lines(self.installation.holdings, asked))


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise CommandError(
            f"found the role '{text}'; expected one of {', '.join(Role)}", status=2
        ) from None


def whole(lines: Iterable[str]) -> Iterator[str]:
    """The lines before the one that ends an export."""
    for line in lines:
        if json.loads(line).get("table") == END["table"]:
            return
        yield line
    raise CommandError("the export broke off before its end; try again")


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
def _found(data: Path, *, create: bool) -> Iterator[Server | Direct]:
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


def _why(why: str) -> dict[str, str]:
    return {WHY: why.encode("ascii", "replace").decode()} if why else {}


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _refusal(url: str, status: int, document: Mapping[str, Any]) -> CommandError:
    if status == 401:
        return CommandError(
            f"{url} does not know this token, or it has ended; the page Account makes another"
        )
    if "problems" in document:
        return CommandError(problem_lines(document["problems"]), status=2)
    if "message" in document:
        return CommandError(str(document["message"]), status=1 if status in (403, 404) else 2)
    said = document.get("error", f"status {status}")
    return CommandError(f"{url} answered '{said}'; expected a Glasshouse server of this version")
