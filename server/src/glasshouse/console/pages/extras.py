"""What single pages show beside their questions."""

from collections.abc import Mapping
from typing import Any

from glasshouse.catalogue import Product
from glasshouse.console.pages.defaults import ways
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.pages.product import product_extras
from glasshouse.console.pages.question_page import Extras, no_extras
from glasshouse.console.pages.saved_advisories import SavedAdvisories
from glasshouse.console.server_state import State
from glasshouse.insight.reading import Reading
from glasshouse.office import Advisories


def extras_of(name: str, state: State, advisories: Advisories) -> Extras:
    """Those of a page."""

    def health(reading: Reading, product: Product, _: PageAddress) -> Mapping[str, Any]:
        return {"books": reading.books(product), "server": state()}

    known: Mapping[str, Extras] = {
        "": product_extras,
        "advisories": SavedAdvisories(advisories),
        "funnels": _suggested,
        "health": health,
    }
    return known.get(name, no_extras)


def _suggested(_: Reading, product: Product, address: PageAddress) -> Mapping[str, Any]:
    """The ways through steps that the manifest suggests, as links."""
    return {"ways": [(way, address.to(steps=way)) for way in ways(product.manifest)]}
