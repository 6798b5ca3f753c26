"""`GET /openapi.json`: every route of the doors, of health and of administration.

Paths and methods come from the tables that requests are routed by; a test holds that each of them
is described here and nothing else is. Pages for people are not in it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from glasshouse import __version__
from glasshouse.cli.keeping import ASKED, PREFIX
from glasshouse.cli.openapi_office import OFFICE
from glasshouse.cli.openapi_words import (
    BODY,
    COUNT,
    CURSOR,
    DENIED,
    ERROR,
    ERROR_SAYS,
    OBJECT,
    REFUSED,
    TEXT,
    TOKEN,
    WRITE_KEY,
    Operation,
    Schema,
    json_of,
    list_of,
    object_of,
    schema_of,
)
from glasshouse.collector.doors import DOORS, INQUIRIES
from glasshouse.collector.forgetting import PATH as FORGET
from glasshouse.console.people_api import ChangePerson, Invite, MakeToken
from glasshouse.model import Outcome
from glasshouse.people import Role

PRODUCT = object_of(
    slug=TEXT,
    name=TEXT,
    digest=TEXT,
    settings=OBJECT,
    write_keys=list_of(object_of(key=TEXT, origin=TEXT)),
)
TIME: Schema = {"type": "string", "format": "date-time"}
PERSON = object_of(
    name=TEXT,
    role={"enum": [role.value for role in Role]},
    raw={"type": "boolean"},
    made_at=TIME,
    has_password={"type": "boolean"},
)
MADE_TOKEN = object_of(
    id=TEXT, person=TEXT, title=TEXT, scopes=list_of(TEXT), made_at=TIME, until=TIME
)
LOG = object_of(rows=list_of(OBJECT), before={"type": ["integer", "null"]})
ANSWER: Schema = {
    "type": "object",
    "properties": {"columns": list_of(OBJECT), "rows": list_of(OBJECT), "notes": list_of(TEXT)},
    "required": ["question", "product", "columns", "rows", "notes"],
}
DOOR = object_of(
    received=COUNT,
    stored=COUNT,
    duplicate=COUNT,
    waiting=COUNT,
    dropped_fields=COUNT,
    difference=COUNT,
    rejected={"type": "object", "additionalProperties": COUNT},
    suppressed={"type": "object", "additionalProperties": COUNT},
)
ACCOUNTING = object_of(
    products={
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": DOOR},
    },
    difference={"const": 0},
    requests_sent_away=OBJECT,
    forget_requests=OBJECT,
)
FORGOTTEN = object_of(
    receipt=object_of(request=TEXT, product=TEXT, asked_at=TEXT, erases=list_of(TEXT), state=TEXT)
)
READY = object_of(ready={"type": "boolean"}, loader=OBJECT, journal_bytes=COUNT, collectors=OBJECT)
ITEM: Schema = {
    "type": "object",
    "properties": {
        "item": TEXT,
        "id": TEXT,
        "at": {"type": "string", "format": "date-time"},
        "instance": TEXT,
        "version": TEXT,
        "identities": {"type": "object", "additionalProperties": TEXT},
        "fields": OBJECT,
    },
    "required": ["item", "id", "at", "instance"],
}
RECEIPT: Schema = {
    "type": "object",
    "properties": {"outcome": {"enum": [outcome.value for outcome in Outcome]}},
    "required": ["outcome"],
}

# Of doors: the status and type of success, what a body looks like, and whose clients they serve.
DOOR_SAYS: Mapping[str, tuple[int, str, Schema | None, str]] = {
    "native": (
        200,
        "application/json",
        {"type": "object", "properties": {"manifest": TEXT, "items": list_of(ITEM)}},
        "Items of Glasshouse's own clients; a receipt for each",
    ),
    "segment": (200, "application/json", OBJECT, "What Segment's libraries send"),
    "percona": (200, "application/json", OBJECT, "Reports of Percona's agent"),
    "dujour": (200, "application/json", OBJECT, "Check-ins of Puppet's servers"),
    "amplitude": (200, "application/json", OBJECT, "What Amplitude's libraries send"),
    "uplink": (201, "application/json", OBJECT, "Trials of CloudBees' Uplink"),
    "beacon": (200, "image/gif", None, "Items in an address, for browsers of administrators"),
    "browser": (204, "*/*", OBJECT, "Page views, clicks and actions of the tracker"),
}
REFUSALS = (400, 401, 403, 408, 410, 413, 429, 503)


def door_operation(name: str, method: str, path: str) -> Operation:
    status, kind, body, says = DOOR_SAYS[name]
    answers: dict[int, tuple[str, Schema]] = {each: ("*/*", {}) for each in REFUSALS}
    if name == "native":
        answers[status] = json_of(object_of(receipts=list_of(RECEIPT)))
    elif path.endswith(".js"):
        answers[status] = ("text/javascript", {})
    else:
        answers[status] = (kind, {} if kind in ("image/gif", "*/*") else OBJECT)
    key = WRITE_KEY if name == "native" else None
    return Operation(f"{says}.", answers, body if method == "POST" else None, key=key)


OF_PRODUCT = {404: json_of(ERROR), **DENIED}
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/health/live"): Operation(
        "Whether the process answers at all.", {200: json_of(object_of(live={"type": "boolean"}))}
    ),
    ("GET", "/health/ready"): Operation(
        "Whether requests are taken.", {200: json_of(READY), 503: json_of(READY)}
    ),
    ("GET", "/health/accounting"): Operation(
        "What came by product and door, and what became of it.",
        {200: json_of(ACCOUNTING), 404: json_of(ERROR), 503: json_of(ERROR)},
    ),
    ("GET", "/"): Operation(
        "The console's first page, for people.",
        {200: ("text/html", TEXT), 403: ("text/html", TEXT)},
    ),
    ("GET", "/metrics"): Operation("Counts, for Prometheus.", {200: ("text/plain", TEXT)}),
    ("POST", FORGET): Operation(
        "An instance asks that everything of it be erased; Glasshouse-Forget holds its key.",
        {status: json_of(FORGOTTEN) for status in (200, 202)}
        | {status: json_of(ERROR) for status in (400, 403, 408, 413, 429, 503)},
        body=object_of(request=TEXT, product=TEXT, instance=TEXT),
    ),
    ("GET", FORGET + "/{request}"): Operation(
        "What became of a request to be forgotten.",
        {status: json_of(FORGOTTEN) for status in (200, 202)}
        | {status: json_of(ERROR) for status in (404, 429)},
    ),
    ("GET", "/openapi.json"): Operation("This document.", {200: json_of(OBJECT)}),
    ("GET", "/api/v1/questions"): Operation(
        "What can be asked, with which filters.",
        {200: json_of(object_of(questions=list_of(OBJECT))), **DENIED},
        key=TOKEN,
    ),
    ("GET", "/api/v1/ask/{question}"): Operation(
        "The answer to a question; further parameters are its filters. Suppressed without raw "
        "access, exact and recorded with it.",
        {200: json_of(ANSWER), 400: json_of(ERROR_SAYS), **DENIED},
        query=("product",),
        key=TOKEN,
    ),
    ("POST", "/api/v1/sql"): Operation(
        "A read-only query over the documented views; at most 10,000 rows. Recorded.",
        {
            200: json_of(
                object_of(columns=list_of(TEXT), rows=list_of(OBJECT), cut={"type": "boolean"})
            ),
            400: json_of(ERROR_SAYS),
            413: json_of(ERROR_SAYS),
            **DENIED,
        },
        body=object_of(sql=TEXT),
        key=TOKEN,
    ),
    ("GET", "/api/v1/me"): Operation(
        "Who the token belongs to, and what it may.",
        {200: json_of(object_of(name=TEXT, way=TEXT, rights=list_of(TEXT))), **DENIED},
        key=TOKEN,
    ),
    ("GET", "/api/v1/people"): Operation(
        "Who has an account.",
        {200: json_of(object_of(people=list_of(PERSON), after=CURSOR)), **DENIED},
        key=TOKEN,
    ),
    ("POST", "/api/v1/people/invitations"): Operation(
        Invite.__doc__ or "",
        {200: json_of(object_of(link=TEXT, hours=COUNT)), **BODY, **DENIED, **REFUSED},
        body=schema_of(Invite),
        key=TOKEN,
    ),
    ("PATCH", "/api/v1/people/{name}"): Operation(
        ChangePerson.__doc__ or "",
        {200: json_of(PERSON), **BODY, **DENIED, **REFUSED},
        body=schema_of(ChangePerson),
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/people/{name}"): Operation(
        "Remove an account with its sessions and tokens.",
        {200: json_of(object_of(removed=TEXT)), **DENIED, **REFUSED},
        key=TOKEN,
    ),
    ("GET", "/api/v1/tokens"): Operation(
        "One's own tokens; an administrator sees everybody's.",
        {200: json_of(object_of(tokens=list_of(MADE_TOKEN), after=CURSOR)), **DENIED},
        key=TOKEN,
    ),
    ("POST", "/api/v1/tokens"): Operation(
        MakeToken.__doc__ or "",
        {200: json_of(OBJECT), **BODY, **DENIED, **REFUSED},
        body=schema_of(MakeToken),
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/tokens/{id}"): Operation(
        "Remove a token.",
        {200: json_of(object_of(removed=TEXT)), **DENIED, **REFUSED},
        key=TOKEN,
    ),
    **{
        ("GET", f"/api/v1/records/{name}"): Operation(
            f"{says}; the newest first. `before` of an answer leads to the next page.",
            {200: json_of(LOG), **DENIED, **REFUSED},
            key=TOKEN,
        )
        for name, says in (
            ("raw-reads", "Who read exact answers"),
            ("changes", "Who changed what"),
        )
    },
    **OFFICE,
    ("GET", "/api/v1/products"): Operation(
        "The registered products with their write keys.",
        {200: json_of(object_of(products=list_of(PRODUCT))), **DENIED},
        key=TOKEN,
    ),
    ("POST", "/api/v1/products"): Operation(
        "Register a manifest, in TOML.",
        {200: json_of(PRODUCT), **DENIED, **REFUSED},
        body=TEXT,
        key=TOKEN,
    ),
    ("PATCH", "/api/v1/products/{slug}"): Operation(
        "Change some of a product's settings.",
        {200: json_of(PRODUCT), **OF_PRODUCT, **REFUSED},
        body=OBJECT,
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/products/{slug}/simulated"): Operation(
        "Remove what is simulated of a product.",
        {200: json_of(object_of(erased=COUNT)), **OF_PRODUCT},
        key=TOKEN,
    ),
    ("GET", "/api/v1/live"): Operation(
        "What was just sent with the product's development key.",
        {200: json_of(object_of(product=TEXT, items=list_of(OBJECT))), **OF_PRODUCT},
        query=("product",),
        key=TOKEN,
    ),
    ("GET", "/api/v1/quarantine"): Operation(
        "Kinds of what was refused of a product.",
        {200: json_of(object_of(product=TEXT, kinds=list_of(OBJECT))), **OF_PRODUCT},
        query=("product",),
        key=TOKEN,
    ),
    **{
        ("POST", PREFIX + action): Operation(
            asked.__doc__ or action,
            {
                200: ("application/x-ndjson", TEXT) if action == "export" else json_of(OBJECT),
                404: json_of(ERROR),
                **DENIED,
                **REFUSED,
            },
            body=schema_of(asked),
            key=TOKEN,
        )
        for action, asked in ASKED.items()
    },
}


def operations() -> Iterator[tuple[str, str, Operation]]:
    """(method, path, operation) of everything that is described."""
    for door in DOORS.values():
        for method, path in door.routes:
            yield method, path, door_operation(door.name, method, path)
    for method, path in INQUIRIES:
        yield method, path, Operation("What clients ask before they send.", {200: json_of({})})
    for (method, path), operation in OPERATIONS.items():
        yield method, path, operation


def document() -> dict[str, Any]:
    """The OpenAPI document, version 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, operation in operations():
        paths.setdefault(path, {})[method.lower()] = _described(path, operation)
    bearer = {"type": "http", "scheme": "bearer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Glasshouse", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                TOKEN: {
                    **bearer,
                    "description": "Of the page Account, or in the server's server.json.",
                },
                WRITE_KEY: {**bearer, "description": "A product's write key."},
            }
        },
    }


def openapi_route() -> Route:
    made = document()

    def openapi(_: Request) -> Response:
        return JSONResponse(made)

    return Route("/openapi.json", openapi)


# Until somebody has an account, whoever sits at the machine may read here without a token.
OPEN_ON_LOOPBACK = (
    "/api/v1/questions",
    "/api/v1/ask",
    "/api/v1/me",
    "/api/v1/people",
    "/api/v1/tokens",
    "/api/v1/records",
    "/api/v1/sql",
    "/api/v1/advisories",
    "/api/v1/releases",
)


def _described(path: str, operation: Operation) -> dict[str, Any]:
    text = "string" if operation.body == TEXT else None
    kind = "text/plain" if text else "application/json"
    found: dict[str, Any] = {
        "summary": operation.says,
        "responses": {
            str(status): _answer(status, *answer)
            for status, answer in sorted(operation.answers.items())
        },
    }
    parameters = [
        {"name": name, "in": "query", "required": True, "schema": TEXT} for name in operation.query
    ]
    parameters += [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in re.findall(r"{(\w+)}", path)
    ]
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {kind: {"schema": operation.body}}}
    if operation.key is not None:
        found["security"] = [{operation.key: []}]
        if path.startswith(OPEN_ON_LOOPBACK):
            found["security"].append({})
    return found


def _answer(status: int, kind: str, schema: Schema) -> dict[str, Any]:
    said = "done" if status < 300 else "refused" if status < 500 else "come back later"
    return {"description": said, "content": {kind: {"schema": schema}}}
