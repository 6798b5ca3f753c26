"""What is done with a declared field: the pages that show it, and who read it exactly."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from glasshouse.catalogue import Product
from glasshouse.console.pages.defaults import charted_fields
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.words import say
from glasshouse.insight.pages import has_pages, route_path


@dataclass(frozen=True, slots=True)
class FieldUse:
    """`pages` with their addresses; `readers` in words, who read it last first."""

    pages: tuple[tuple[str, str], ...]
    readers: tuple[str, ...]


def field_uses(
    product: Product, reads: Iterable[tuple[str, str, int, str]]
) -> Mapping[str, FieldUse]:
    """By the path of each field. `reads` are what, who, how often and when last."""
    readers: dict[str, dict[str, int]] = defaultdict(dict)
    for what, who, times, _ in reads:
        for name in what.replace(",", " ").split():
            readers[name][who] = readers[name].get(who, 0) + times
    uses = {}
    for field in charted_fields(product.manifest):
        told = [say("dictionary.read", who=w, times=n) for w, n in readers[field.path].items()]
        uses[field.path] = FieldUse(tuple(_pages(product, field.path)), tuple(told))
    return uses


def _pages(product: Product, path: str) -> Iterable[tuple[str, str]]:
    address = PageAddress(product.slug, "dictionary", {})
    yield say("page.fleet"), address.to("fleet", field=path)
    if path.startswith("event."):
        yield say("page.features"), address.to("features", field=path)
    if has_pages(product.manifest) and path == route_path(product.manifest):
        yield say("page.pages"), address.to("pages")
