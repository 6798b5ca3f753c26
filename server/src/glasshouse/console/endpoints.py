"""Every endpoint and the right that it needs. What is not here cannot be served.

`docs/reference/access.md` is made from this table, and a test tries every role at every row.
"""

from collections.abc import Mapping

from glasshouse.people import Right

Endpoint = tuple[str, str]  # method, path

OPEN: Mapping[Endpoint, str] = {
    ("GET", "/enter"): "the way in",
    ("POST", "/enter"): "the way in",
    ("GET", "/assets/{name}"): "style and script of the pages",
    ("GET", "/health/ready"): "whether requests are taken",
    ("GET", "/health/accounting"): "counts of items by product and door",
    ("GET", "/metrics"): "counts, for Prometheus",
    ("GET", "/openapi.json"): "this server's interface",
}
"""What everybody may reach who reaches the port, and what it is."""

NEEDED: Mapping[Endpoint, Right] = {
    ("GET", "/"): Right.SEE,
    ("GET", "/products/{slug}"): Right.SEE,
    ("GET", "/products/{slug}/fleet"): Right.SEE,
    ("GET", "/products/{slug}/versions"): Right.SEE,
    ("GET", "/products/{slug}/features"): Right.SEE,
    ("GET", "/products/{slug}/organizations"): Right.SEE,
    ("GET", "/products/{slug}/organization"): Right.RAW,
    ("GET", "/products/{slug}/instances"): Right.RAW,
    ("GET", "/products/{slug}/instance"): Right.RAW,
    ("GET", "/products/{slug}/funnels"): Right.SEE,
    ("GET", "/products/{slug}/retention"): Right.SEE,
    ("GET", "/products/{slug}/geography"): Right.SEE,
    ("GET", "/products/{slug}/advisories"): Right.SEE,
    ("GET", "/products/{slug}/pages"): Right.SEE,
    ("GET", "/products/{slug}/health"): Right.SEE,
    ("GET", "/products/{slug}/dictionary"): Right.SEE,
    ("GET", "/products/{slug}/disclosure"): Right.SEE,
    ("GET", "/products/{slug}/live"): Right.RAW,
    ("GET", "/account"): Right.SEE,
    ("POST", "/account"): Right.SEE,
    ("GET", "/people"): Right.PEOPLE,
    ("POST", "/people"): Right.PEOPLE,
    ("GET", "/records"): Right.RECORDS,
    ("GET", "/api/v1/questions"): Right.SEE,
    ("GET", "/api/v1/ask/{question:path}"): Right.SEE,
    ("POST", "/api/v1/sql"): Right.RAW,
    ("GET", "/api/v1/me"): Right.SEE,
    ("GET", "/api/v1/people"): Right.PEOPLE,
    ("POST", "/api/v1/people/invitations"): Right.PEOPLE,
    ("PATCH", "/api/v1/people/{name}"): Right.PEOPLE,
    ("DELETE", "/api/v1/people/{name}"): Right.PEOPLE,
    ("GET", "/api/v1/tokens"): Right.OWN,
    ("POST", "/api/v1/tokens"): Right.OWN,
    ("DELETE", "/api/v1/tokens/{id}"): Right.OWN,
    ("GET", "/api/v1/records/raw-reads"): Right.RECORDS,
    ("GET", "/api/v1/records/changes"): Right.RECORDS,
    ("GET", "/api/v1/products"): Right.CHANGE,
    ("POST", "/api/v1/products"): Right.CHANGE,
    ("PATCH", "/api/v1/products/{slug}"): Right.CHANGE,
    ("DELETE", "/api/v1/products/{slug}/simulated"): Right.CHANGE,
    ("GET", "/api/v1/live"): Right.RAW,
    ("GET", "/api/v1/quarantine"): Right.RAW,
    ("POST", "/api/v1/keeping/erase"): Right.KEEP,
    ("POST", "/api/v1/keeping/export"): Right.KEEP,
    ("POST", "/api/v1/keeping/backup"): Right.CHANGE,
    ("POST", "/api/v1/keeping/doctor"): Right.CHANGE,
}
"""What only some may reach."""


def right_for(method: str, path: str) -> Right:
    """The right that an endpoint needs. Raises `KeyError` for one that has no row."""
    return NEEDED[method, path]
