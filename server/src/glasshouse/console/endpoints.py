"""Every endpoint and the right that it needs. What is not here cannot be served.

`docs/reference/access.md` is made from this table, and a test tries every role at every row.
"""

from collections.abc import Mapping

from glasshouse.people import Right

Endpoint = tuple[str, str]  # method, path

OPEN: Mapping[Endpoint, str] = {
    ("GET", "/enter"): "the way in",
    ("POST", "/enter"): "the way in",
    ("GET", "/enter/openid"): "to the OpenID provider, if there is one",
    ("GET", "/enter/openid/back"): "back from there",
    ("GET", "/assets/{name}"): "style and script of the pages",
    ("GET", "/health/live"): "whether the process answers at all",
    ("GET", "/health/ready"): "whether requests are taken",
    ("GET", "/health/accounting"): "counts of items by product and door",
    ("GET", "/metrics"): "counts, for Prometheus",
    ("GET", "/openapi.json"): "this server's interface",
    ("GET", "/public/{slug}"): "what the vendor publishes of a product",
    ("GET", "/public/{slug}/data.json"): "the same for programs",
    ("GET", "/shared/{secret}"): "one page, for whoever holds a share link",
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
    ("GET", "/alerts"): Right.CHANGE,
    ("POST", "/alerts"): Right.CHANGE,
    ("GET", "/alerts/{product}/{name}"): Right.RAW,
    ("GET", "/privacy"): Right.KEEP,
    ("POST", "/privacy"): Right.KEEP,
    ("GET", "/products/{slug}/settings"): Right.CHANGE,
    ("POST", "/products/{slug}/settings"): Right.CHANGE,
    ("GET", "/settings"): Right.CHANGE,
    ("GET", "/shares"): Right.OWN,
    ("POST", "/shares"): Right.OWN,
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
    ("GET", "/api/v1/advisories"): Right.SEE,
    ("POST", "/api/v1/advisories"): Right.CHANGE,
    ("DELETE", "/api/v1/advisories/{product}/{name}"): Right.CHANGE,
    ("GET", "/api/v1/advisories/{product}/{name}/contacts"): Right.RAW,
    ("GET", "/api/v1/contacts"): Right.RAW,
    ("POST", "/api/v1/contacts"): Right.CHANGE,
    ("GET", "/api/v1/alerts"): Right.CHANGE,
    ("POST", "/api/v1/alerts"): Right.CHANGE,
    ("POST", "/api/v1/alerts/{id}/trial"): Right.CHANGE,
    ("DELETE", "/api/v1/alerts/{id}"): Right.CHANGE,
    ("GET", "/api/v1/releases"): Right.SEE,
    ("POST", "/api/v1/releases"): Right.CHANGE,
    ("DELETE", "/api/v1/releases/{product}/{version}"): Right.CHANGE,
    ("GET", "/api/v1/shares"): Right.OWN,
    ("POST", "/api/v1/shares"): Right.OWN,
    ("DELETE", "/api/v1/shares/{id}"): Right.OWN,
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
