"""What single pages show beside their questions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from glasshouse.catalogue import Product
from glasshouse.console.pages.defaults import ways
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.pages.product import product_extras
from glasshouse.console.pages.question_page import Extras, no_extras
from glasshouse.insight.reading import Reading


@dataclass(frozen=True, slots=True)
class ServerState:
    """How the server itself is. `lag`: seconds between receiving and storing, while behind."""

    lag: float
    problems: tuple[str, ...]
    journal_bytes: int
    store_bytes: int
    free_bytes: int


State = Callable[[], ServerState | None]


def no_state() -> ServerState | None:
    """Of a console without a collector beside it."""
    return None


def extras_of(name: str, state: State) -> Extras:
    """Those of a page."""

    def health(reading: Reading, product: Product, _: PageAddress) -> Mapping[str, Any]:
        return {"books": reading.books(product), "server": state()}

    known: Mapping[str, Extras] = {"": product_extras, "funnels": _suggested, "health": health}
    return known.get(name, no_extras)


def _suggested(_: Reading, product: Product, address: PageAddress) -> Mapping[str, Any]:
    """The ways through steps that the manifest suggests, as links."""
    return {"ways": [(way, address.to(steps=way)) for way in ways(product.manifest)]}
