"""Advisories, alerts, contacts and releases for scripts."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glasshouse.console.access import Access, Answering, refuse_as_json
from glasshouse.console.beside import Beside
from glasshouse.console.office_acts import AddAlert, OfficeActs, PutRelease, SaveAdvisory
from glasshouse.console.replying import (
    as_json,
    body_of,
    cannot,
    done,
    listed,
    no_such,
    too_large,
    tried,
)
from glasshouse.insight import QuestionError, UnknownProductError
from glasshouse.insight.exporting import csv_text
from glasshouse.insight.reading import Reading
from glasshouse.office import Alert, OfficeError
from glasshouse.office.alerts import Medium
from glasshouse.people import Reader

LONGEST_CSV = 16 * 1024 * 1024
PAGE, MOST = 100, 1000
CONTACT_COLUMNS = ("organization", "name", "contact", "instances", "versions", "last_day")


def alert_object(alert: Alert, *, whole: bool = True) -> dict[str, Any]:
    """As it is listed. A webhook's address may hold a secret of its receiver: without its query."""
    facts = asdict(alert)
    del facts["seen"]
    facts["way"] = facts.pop("medium")
    if not whole and alert.medium is Medium.WEBHOOK:
        facts["destination"] = alert.destination.partition("?")[0]
    return facts


def contact_rows(reading: Reading, beside: Beside, product: str, name: str) -> list[dict[str, Any]]:
    """Who has not moved, with whom to write to. Raises `OfficeError`, `QuestionError`."""
    advisory = beside.office.advisories.one(product, name)
    answer = reading.ask("advisory_organizations", advisory.words())
    known = {c.organization: c for c in beside.office.contacts.of(product)}
    names = [column.name for column in answer.columns]
    rows = []
    for row in answer.rows:
        facts = dict(zip(names, row, strict=True))
        contact = known.get(str(facts["organization"]))
        facts |= {
            "name": contact.name if contact else "",
            "contact": contact.contact if contact else "",
        }
        rows.append({column: facts[column] for column in CONTACT_COLUMNS})
    return rows


def _found(answer: Answering) -> Answering:
    """The answer, or that there is no such product."""

    def told(request: Request, reader: Reader) -> Response:
        try:
            return answer(request, reader)
        except UnknownProductError as error:
            return no_such(str(error))

    return told


def _asked_product(request: Request, reading: Reading) -> str:
    """The slug; "" where none is given. Raises `UnknownProductError`: it is not 'none yet'."""
    slug = request.query_params.get("product", "")
    if slug:
        reading.product(slug)
    return slug


def routes(
    access: Access, acts: OfficeActs, beside: Beside, reading: Callable[[Reader], Reading]
) -> list[Route]:
    """Each under its row in `endpoints.NEEDED`."""
    office = beside.office

    def advisories(request: Request, reader: Reader) -> Response:
        found = office.advisories.of(_asked_product(request, reading(reader)))
        return listed(request, "advisories", [asdict(advisory) for advisory in found], "name")

    def contacts_of_advisory(request: Request, reader: Reader) -> Response:
        params = request.path_params
        try:
            rows = contact_rows(reading(reader), beside, params["product"], params["name"])
        except OfficeError as error:
            return no_such(str(error))
        except QuestionError as error:
            return cannot(str(error))
        if request.query_params.get("format") == "csv":
            text = csv_text(CONTACT_COLUMNS, [list(row.values()) for row in rows])
            return Response(text, media_type="text/csv; charset=utf-8")
        return as_json({"rows": rows})

    def contacts(request: Request, reader: Reader) -> Response:
        product = _asked_product(request, reading(reader))
        try:
            limit = max(1, min(int(request.query_params.get("limit", PAGE)), MOST))
        except ValueError:
            return cannot("limit: expected a whole number")
        reading(reader).note_raw("the contacts", product)
        found = office.contacts.of(product, request.query_params.get("after", ""), limit)
        following = found[-1].organization if len(found) == limit else None
        return as_json({"contacts": [asdict(each) for each in found], "after": following})

    def alerts(request: Request, _: Reader) -> Response:
        found = [alert_object(alert, whole=False) for alert in office.alerts.all()]
        return listed(request, "alerts", found, "id")

    def releases(request: Request, reader: Reader) -> Response:
        found = office.releases.of(_asked_product(request, reading(reader)))
        return listed(request, "releases", [asdict(release) for release in found], "version")

    async def post_contacts(request: Request, reader: Reader) -> Response:
        body = await body_of(request, LONGEST_CSV)
        if body is None:
            return too_large(LONGEST_CSV)
        product = request.query_params.get("product", "")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return cannot("found no UTF-8; expected CSV with organization,name,contact")
        return await tried(lambda: acts.import_contacts(reader, product, text))

    async def post_advisory(request: Request, reader: Reader) -> Response:
        return await done(request, SaveAdvisory, lambda asked: acts.save_advisory(reader, asked))

    async def delete_advisory(request: Request, reader: Reader) -> Response:
        params = request.path_params
        return await tried(lambda: acts.remove_advisory(reader, params["product"], params["name"]))

    async def post_alert(request: Request, reader: Reader) -> Response:
        def act(asked: AddAlert) -> dict[str, Any]:
            made = acts.add_alert(reader, asked)
            secret = beside.webhook_secret(made.id) if made.medium is Medium.WEBHOOK else None
            return {**alert_object(made), "secret": secret}

        return await done(request, AddAlert, act)

    async def post_trial(request: Request, _: Reader) -> Response:
        name = request.path_params["id"]
        return await tried(lambda: {"problem": beside.try_alert(office.alerts.one(name))})

    async def delete_alert(request: Request, reader: Reader) -> Response:
        return await tried(lambda: acts.remove_alert(reader, request.path_params["id"]))

    async def post_release(request: Request, reader: Reader) -> Response:
        return await done(request, PutRelease, lambda asked: acts.put_release(reader, asked))

    async def delete_release(request: Request, reader: Reader) -> Response:
        params = request.path_params
        return await tried(
            lambda: acts.remove_release(reader, params["product"], params["version"])
        )

    plain = {
        "/api/v1/advisories": advisories,
        "/api/v1/advisories/{product}/{name}/contacts": contacts_of_advisory,
        "/api/v1/contacts": contacts,
        "/api/v1/alerts": alerts,
        "/api/v1/releases": releases,
    }
    changing: dict[tuple[str, str], Callable[[Request, Reader], Awaitable[Response]]] = {
        ("POST", "/api/v1/advisories"): post_advisory,
        ("DELETE", "/api/v1/advisories/{product}/{name}"): delete_advisory,
        ("POST", "/api/v1/contacts"): post_contacts,
        ("POST", "/api/v1/alerts"): post_alert,
        ("POST", "/api/v1/alerts/{id}/trial"): post_trial,
        ("DELETE", "/api/v1/alerts/{id}"): delete_alert,
        ("POST", "/api/v1/releases"): post_release,
        ("DELETE", "/api/v1/releases/{product}/{version}"): delete_release,
    }
    return [
        *(
            Route(
                path, access.guarded("GET", path, _found(answer), refuse_as_json), methods=["GET"]
            )
            for path, answer in plain.items()
        ),
        *(
            Route(path, access.guarded_async(method, path, act, refuse_as_json), methods=[method])
            for (method, path), act in changing.items()
        ),
    ]
