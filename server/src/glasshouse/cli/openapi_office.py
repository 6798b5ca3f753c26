"""What the OpenAPI document says of advisories, alerts, contacts, releases, share links."""

from collections.abc import Mapping

from glasshouse.cli.openapi_words import (
    BODY,
    COUNT,
    CURSOR,
    DENIED,
    ERROR_SAYS,
    OBJECT,
    REFUSED,
    TEXT,
    TOKEN,
    Operation,
    json_of,
    list_of,
    object_of,
    schema_of,
)
from glasshouse.console.office_acts import AddAlert, PutRelease, SaveAdvisory
from glasshouse.console.share_acts import MakeShare

MISSING = {404: json_of(ERROR_SAYS)}
REMOVED = json_of(object_of(removed=TEXT))
CHANGED = {**BODY, **DENIED, **REFUSED, **MISSING}

OFFICE: Mapping[tuple[str, str], Operation] = {
    ("GET", "/api/v1/advisories"): Operation(
        "The saved advisories of a product, the newest first.",
        {200: json_of(object_of(advisories=list_of(OBJECT), after=CURSOR)), **DENIED},
        query=("product",),
        key=TOKEN,
    ),
    ("POST", "/api/v1/advisories"): Operation(
        SaveAdvisory.__doc__ or "",
        {200: json_of(OBJECT), **CHANGED},
        body=schema_of(SaveAdvisory),
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/advisories/{product}/{name}"): Operation(
        "Remove a saved advisory with its alerts.", {200: REMOVED, **CHANGED}, key=TOKEN
    ),
    ("GET", "/api/v1/advisories/{product}/{name}/contacts"): Operation(
        "The organizations that an advisory still concerns, with whom to write to; "
        "`format=csv` for a spreadsheet. Recorded.",
        {200: json_of(object_of(rows=list_of(OBJECT))), **DENIED, **REFUSED, **MISSING},
        key=TOKEN,
    ),
    ("GET", "/api/v1/contacts"): Operation(
        "The contacts of a product's organizations; `after` of an answer leads on. Recorded.",
        {200: json_of(object_of(contacts=list_of(OBJECT), after=CURSOR)), **DENIED, **REFUSED},
        query=("product",),
        key=TOKEN,
    ),
    ("POST", "/api/v1/contacts"): Operation(
        "Import contacts instead of those that there are: CSV with organization,name,contact.",
        {200: json_of(object_of(product=TEXT, contacts=COUNT)), **CHANGED},
        body=TEXT,
        query=("product",),
        key=TOKEN,
    ),
    ("GET", "/api/v1/alerts"): Operation(
        "The alerts, with what became of the last try to tell.",
        {200: json_of(object_of(alerts=list_of(OBJECT), after=CURSOR)), **DENIED},
        key=TOKEN,
    ),
    ("POST", "/api/v1/alerts"): Operation(
        f"{AddAlert.__doc__} `secret` signs what a webhook is sent, and is not told again.",
        {200: json_of(OBJECT), **CHANGED},
        body=schema_of(AddAlert),
        key=TOKEN,
    ),
    ("POST", "/api/v1/alerts/{id}/trial"): Operation(
        "Send a trial; `problem` is empty if it was delivered.",
        {200: json_of(object_of(problem=TEXT)), **CHANGED},
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/alerts/{id}"): Operation(
        "Remove an alert.", {200: REMOVED, **CHANGED}, key=TOKEN
    ),
    ("GET", "/api/v1/releases"): Operation(
        "The releases that were set down for a product, the oldest first.",
        {200: json_of(object_of(releases=list_of(OBJECT), after=CURSOR)), **DENIED},
        query=("product",),
        key=TOKEN,
    ),
    ("POST", "/api/v1/releases"): Operation(
        PutRelease.__doc__ or "",
        {200: json_of(OBJECT), **CHANGED},
        body=schema_of(PutRelease),
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/releases/{product}/{version}"): Operation(
        "Remove a release that was set down.", {200: REMOVED, **CHANGED}, key=TOKEN
    ),
    ("GET", "/api/v1/shares"): Operation(
        "One's own share links; an administrator sees everybody's.",
        {200: json_of(object_of(shares=list_of(OBJECT), after=CURSOR)), **DENIED},
        key=TOKEN,
    ),
    ("POST", "/api/v1/shares"): Operation(
        f"{MakeShare.__doc__} `link` is not told again.",
        {200: json_of(OBJECT), **CHANGED},
        body=schema_of(MakeShare),
        key=TOKEN,
    ),
    ("DELETE", "/api/v1/shares/{id}"): Operation(
        "Take a share link back.", {200: REMOVED, **CHANGED}, key=TOKEN
    ),
}
