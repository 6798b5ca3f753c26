"""The tracker's configuration, made from a compiled manifest: the allow-list as browsers read it.

sdk/browser/src/configuration.ts says the same in the tracker's language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

KEPT_SECONDS = 395 * 24 * 3600
"""How long a choice and an identifier last: 13 months, which no visit prolongs."""
OTHER = "other"
MILLISECOND = {"ms": 1.0, "s": 0.001}

Compiled = Mapping[str, Any]


class NotForBrowsersError(ValueError):
    """The manifest has no `[browser]`."""


def configuration(compiled: Compiled, endpoint: str) -> dict[str, Any]:
    """What the tracker goes by, as plain JSON values.

    `endpoint`: where items are posted, relative to the address that the script is loaded from.
    Raises `NotForBrowsersError`.
    """
    product = compiled["product"]
    browser = compiled.get("browser")
    if browser is None:
        raise NotForBrowsersError(
            f"found no [browser] in the manifest of '{product['slug']}'; expected one that names "
            "page_view, click or actions"
        )
    return {
        "endpoint": endpoint,
        "product": product["slug"],
        "manifest": compiled["digest"],
        "consent": product["consent_version"],
        "ask": product["default"] == "ask",
        "cookie": next(s["name"] for s in compiled["switches"] if s["kind"] == "cookie"),
        "keep": KEPT_SECONDS,
        "identifier": browser["identifier"],
        "view": browser["page_view"],
        "click": browser["click"],
        "routes": [[expression(route), route] for route in sorted(_routes(compiled), key=breadth)],
        "millisecond": _millisecond(compiled),
        "items": {
            path: {name: rule(field) for name, field in told(compiled["items"][path])}
            for path in paths(compiled)
        },
        "banner": {
            "name": product["name"],
            "vendor": product["vendor"],
            "privacy": product["privacy"],
            "texts": browser["banner"],
        },
    }


def paths(compiled: Compiled) -> tuple[str, ...]:
    """The items that a page may send."""
    browser = compiled["browser"]
    named = (browser["page_view"], browser["click"], *browser["actions"])
    return tuple(dict.fromkeys(path for path in named if path is not None))


def told(item: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The fields that a page tells; an address is seen by the collector."""
    for name, field in item["fields"].items():
        if field["type"] != "address":
            yield name, field


def rule(field: Mapping[str, Any]) -> Any:
    """What values the tracker lets through: texts, lower bounds of buckets, or a kind of value."""
    if field.get("anonymise") == "bucket":
        return field["buckets"]
    if field["type"] == "enum":
        return field["values"]
    if field["type"] == "text":
        return [*field["public"], OTHER]
    return {"integer": "integer", "boolean": "boolean"}.get(field["type"], "number")


def expression(route: str) -> str:
    """The paths that a route stands for, as a regular expression that JavaScript knows."""
    if route == OTHER:
        return ""
    segments = ("[^/]+" if s.startswith(":") else _escaped(s) for s in route.split("/"))
    pattern = "/".join(segments)
    if pattern.endswith("/*"):
        return f"^{pattern[:-2]}(/.*)?$"
    return f"^{pattern.rstrip('/')}/?$"


def _escaped(segment: str) -> str:
    """A segment as it is; Python's own `escape` writes what JavaScript may refuse."""
    return segment if segment == "*" else re.sub(r"[.+]", r"\\\g<0>", segment)


def breadth(route: str) -> tuple[bool, bool, list[bool]]:
    """Narrow routes before wide ones: `/nodes/new` is no name of a node."""
    segments = route.split("/")
    return route == OTHER, segments[-1] == "*", [segment.startswith(":") for segment in segments]


def _routes(compiled: Compiled) -> Iterator[str]:
    """Declared routes, of page views and of clicks."""
    seen: dict[str, None] = {}
    for path in (compiled["browser"]["page_view"], compiled["browser"]["click"]):
        route = _field(compiled, path, "route")
        seen.update(dict.fromkeys(route["values"] if route else ()))
    return iter(seen)


def _millisecond(compiled: Compiled) -> float:
    field = _field(compiled, compiled["browser"]["page_view"], "load_time")
    return MILLISECOND[field["unit"]] if field else 1.0


def _field(compiled: Compiled, path: str | None, name: str) -> Mapping[str, Any] | None:
    item = compiled["items"].get(path)
    field: Mapping[str, Any] | None = item["fields"].get(name) if item else None
    return field
