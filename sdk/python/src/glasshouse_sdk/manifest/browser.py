"""`[browser]`: what the tracker in a product's web pages may send, and what the banner says.

The items themselves are declared like all others, and their fields are the allow-list: a field with
one of the built-in names is filled by the tracker, if it has the type that is built in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from glasshouse_sdk.manifest.vocabulary import Key

BROWSER = {
    "page_view": Key("text", "the event that is a page view, such as 'event.page_view'"),
    "click": Key("text", "the event that is a click on a link or a button"),
    "actions": Key("texts", "other events that pages may record", default=()),
    "identifier": Key(
        "boolean",
        "whether a visitor who agrees gets a random identifier in the cookie; without it, and for "
        "all others, visits are counted by a key that lives one day",
        default=False,
    ),
    "banner": Key(
        "any",
        "the consent banner's texts by language: title, text, more, all, necessary, close, receipt",
        default=None,
    ),
}

VIEW_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "route": ("enum",),
        "referrer": ("text", "enum"),
        "language": ("enum",),
        "load_time": ("duration", "integer", "number"),
        "screen_width": ("integer",),
        "screen_height": ("integer",),
        "viewport_width": ("integer",),
        "viewport_height": ("integer",),
        "address": ("address",),
    }
)
"""What the tracker knows of a page view, and the types that a field of that name may have. The
address is filled by the collector, reduced, and nothing that a page could say.
"""

CLICK_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"name": ("enum",), "role": ("enum",), "route": ("enum",)}
)
ACTION_TYPES = ("enum", "integer", "number", "boolean", "duration", "text")
BUCKETED = ("screen_width", "screen_height", "viewport_width", "viewport_height")
BANNER_TEXTS = ("title", "text", "more", "all", "necessary", "close", "receipt")
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Browser:
    """`page_view`, `click` and `actions` are paths of items; `banner` holds texts by language."""

    page_view: str | None
    click: str | None
    actions: tuple[str, ...]
    identifier: bool
    banner: Mapping[str, Mapping[str, str]]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every item that a page may send, and no other comes through its door."""
        named = (self.page_view, self.click, *self.actions)
        return tuple(dict.fromkeys(path for path in named if path is not None))
