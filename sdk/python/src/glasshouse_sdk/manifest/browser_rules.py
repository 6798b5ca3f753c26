"""What must hold between `[browser]` and the items that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from glasshouse_sdk.manifest.browser import (
    ACTION_TYPES,
    BUCKETED,
    CLICK_FIELDS,
    OTHER,
    VIEW_FIELDS,
    Browser,
)
from glasshouse_sdk.manifest.model import Field, Item, Manifest, Problem
from glasshouse_sdk.manifest.reading import nearest

# A route: segments, those that vary as ':name', and '*' for whatever else follows.
ROUTE = re.compile(r"(/(:[A-Za-z_]\w*|[\w.~%@+-]+))*(/|/\*)?\Z")


def browser_items_are_events(manifest: Manifest) -> Iterator[Problem]:
    browser = manifest.browser
    if browser is None:
        return
    if not browser.paths:
        yield Problem("browser", "no item", "page_view, click or actions")
    for where, path in _named(browser):
        if path not in manifest.items or not path.startswith("event."):
            yield Problem(
                where,
                f"'{path}'" + nearest(path, tuple(manifest.items)),
                "the path of a declared event",
            )


def browser_has_a_cookie(manifest: Manifest) -> Iterator[Problem]:
    """The banner's choice is a switch like any other: declared, so that the disclosure names it."""
    if manifest.browser is None:
        return
    cookies = [switch for switch in manifest.switches if switch.kind == "cookie"]
    if len(cookies) != 1:
        yield Problem(
            "switch",
            f"{len(cookies)} of the kind 'cookie'",
            'one [[switch]] with kind = "cookie": its name is the cookie of the visitor\'s choice',
        )
    elif not re.fullmatch(r"[\w-]{1,64}", cookies[0].name):
        yield Problem("switch.name", f"'{cookies[0].name}'", "a cookie's name: letters, digits, _-")


def browser_fields_are_built_in(manifest: Manifest) -> Iterator[Problem]:
    """The tracker fills fields that it knows; one it does not know would stay empty for ever."""
    browser = manifest.browser
    if browser is None:
        return
    for path, known in ((browser.page_view, VIEW_FIELDS), (browser.click, CLICK_FIELDS)):
        item = manifest.items.get(path or "")
        if item is None:
            continue
        for field in item.fields.values():
            yield from _built_in(f"{path}.fields.{field.name}", field, known)
        yield from _says_something(item, browser)


def _built_in(where: str, field: Field, known: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    if field.name not in known:
        yield Problem(where, "a field that the tracker does not know", "one of " + ", ".join(known))
        return
    if field.type not in known[field.name]:
        yield Problem(f"{where}.type", f"'{field.type}'", " or ".join(known[field.name]))
    if field.name in BUCKETED and field.anonymise != "bucket":
        yield Problem(
            f"{where}.anonymise",
            f"'{field.anonymise}'",
            "bucket: exact sizes of a screen or a window tell visitors apart",
        )
    if field.type == "address" and field.anonymise not in ("truncate", "place"):
        yield Problem(
            f"{where}.anonymise", f"'{field.anonymise}'", "truncate or place: visitors are people"
        )
    if field.name == "load_time" and field.unit not in ("s", "ms"):
        yield Problem(f"{where}.unit", f"'{field.unit}'", "s or ms")
    if field.name == "route":
        for value in field.values:
            if value != OTHER and not (value.startswith("/") and ROUTE.match(value)):
                yield Problem(
                    f"{where}.values",
                    f"'{value}'",
                    "patterns of paths as /nodes/:name or /docs/*, without query; or 'other'",
                )


def _says_something(item: Item, browser: Browser) -> Iterator[Problem]:
    needed = ("route",) if item.path == browser.page_view else ("name", "role")
    if not any(name in item.fields for name in needed):
        yield Problem(f"{item.path}.fields", "no " + " or ".join(needed), "that field at least")


def actions_are_harmless(manifest: Manifest) -> Iterator[Problem]:
    """A page holds what people type, so an action's fields are such that no typed text fits."""
    browser = manifest.browser
    if browser is None:
        return
    for path in browser.actions:
        item = manifest.items.get(path)
        for field in item.fields.values() if item is not None else ():
            where = f"{path}.fields.{field.name}"
            if field.type not in ACTION_TYPES:
                yield Problem(f"{where}.type", f"'{field.type}'", " or ".join(ACTION_TYPES))
    for path in browser.paths:
        item = manifest.items.get(path)
        for field in item.fields.values() if item is not None else ():
            if field.type == "text" and (
                field.anonymise != "public-list" or any("*" in name for name in field.public)
            ):
                yield Problem(
                    f"{path}.fields.{field.name}",
                    "a text that is not from a public list of whole names",
                    "an enum, or a public-list without '*': a page keeps no secret to hash with",
                )


def _named(browser: Browser) -> Iterator[tuple[str, str]]:
    for key, path in (("page_view", browser.page_view), ("click", browser.click)):
        if path is not None:
            yield f"browser.{key}", path
    for path in browser.actions:
        yield "browser.actions", path


BROWSER_RULES = (
    browser_items_are_events,
    browser_has_a_cookie,
    browser_fields_are_built_in,
    actions_are_harmless,
)
