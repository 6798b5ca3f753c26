"""A data directory that rests, as commands reach it: opened here, since no server has it.

What the console's interface answers is asked of the same code, without a server.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from glasshouse.catalogue import SettingsError
from glasshouse.cli.alerting import watch_of
from glasshouse.cli.answers import object_of, problem_lines, whole_export, why_headers
from glasshouse.cli.application import product_object
from glasshouse.cli.beside import beside_of
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.cli.keeping import carry_out, export_lines, record
from glasshouse.console import people_api
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.insight import QuestionError, SqlError
from glasshouse.insight.exporting import answer_object, row_objects
from glasshouse.insight.reading import Reading
from glasshouse.people import PersonError, Role
from glasshouse.people.rights import machine
from glasshouse_sdk.manifest import ManifestError

NOBODYS = "nobody listens"


@dataclass(frozen=True, slots=True)
class Directory:
    """The installation in a directory; `why` is put on record."""

    installation: Installation
    why: str = ""

    def ask(self, question: str, words: Mapping[str, Sequence[str]]) -> dict[str, Any]:
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
        answer = _answered(self.installation, method, path, why_headers(self.why), **rest)
        return object_of(answer, str(self.installation.settings.data))

    def _reading(self) -> Reading:
        return self.installation.reading(machine(self.why))

    def keep(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        record(self.installation.records, machine(self.why), action, asked)
        return carry_out(self.installation.holdings, action, asked)

    def export(self, asked: Mapping[str, Any]) -> Iterator[str]:
        record(self.installation.records, machine(self.why), "export", asked)
        return whole_export(export_lines(self.installation.holdings, asked))


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise CommandError(
            f"found the role '{text}'; expected one of {', '.join(Role)}", status=2
        ) from None


def _answered(
    installation: Installation, method: str, path: str, headers: dict[str, str], **rest: Any
) -> httpx.Response:
    """What a server on this directory would answer the machine itself."""
    access = Access(NOBODYS, installation.people, installation.records)
    beside = beside_of(installation, watch_of(installation))
    app = console_app(installation.insight, access, beside=beside)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            shown = {**headers, "authorization": f"Bearer {NOBODYS}"}
            return await client.request(method, path, headers=shown, **rest)

    return asyncio.run(ask())
