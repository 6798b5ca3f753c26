"""The pages of a product, as the menu beside each of them: only what its reader may open."""

from collections.abc import Sequence
from dataclasses import dataclass

from glasshouse.catalogue import Product
from glasshouse.console.endpoints import right_for
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.words import say
from glasshouse.people import Reader

MENU: Sequence[tuple[str, Sequence[str]]] = (
    ("fleet", ("", "fleet", "versions", "geography", "retention", "instances")),
    ("use", ("features", "funnels", "pages")),
    ("customers", ("organizations", "advisories")),
    ("data", ("health", "live", "dictionary", "disclosure", "settings")),
)
WITHIN = {"organization": "organizations", "instance": "instances"}
"""Pages that stand under another one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu."""

    text: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    text: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    """What leads on from a page of a product."""

    groups: tuple[Group, ...]
    may_share: bool


def navigation(
    product: Product, reader: Reader, current: str, address: PageAddress | None = None
) -> Menu:
    """The menu as this reader has it. Period and conditions go along."""
    known = address or PageAddress(product.slug, current, {})
    groups = []
    for group, names in MENU:
        entries = tuple(
            Entry(
                say(f"page.{name or 'overview'}"),
                known.to(name),
                name == WITHIN.get(current, current),
            )
            for name in names
            if _open(product, reader, name)
        )
        if entries:
            groups.append(Group(say(f"menu.{group}"), entries))
    return Menu(tuple(groups), right_for("GET", "/shares") in reader.rights)


def _open(product: Product, reader: Reader, name: str) -> bool:
    path = "/products/{slug}" + (f"/{name}" if name else "")
    arrangement = ARRANGEMENTS.get(name)
    possible = arrangement is None or arrangement.possible(product.manifest)
    return possible and right_for("GET", path) in reader.rights
