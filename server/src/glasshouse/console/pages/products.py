"""The front page: every product at a glance, and the first steps while there is none."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.catalogue import Product
from glasshouse.console import formats
from glasshouse.console.templating import page
from glasshouse.insight import Glance, OriginCount
from glasshouse.insight.reading import Reading
from glasshouse.model import Origin


@dataclass(frozen=True, slots=True)
class Card:
    product: Product
    glance: Glance
    change: str
    last_seen: str
    others: tuple[OriginCount, ...]  # origins that do not count, with what they hold


class ProductsPage:
    """`/`"""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __call__(self, _request: Request) -> Response:
        cards = [self._card(product) for product in self._reading.products()]
        books, refused = self._reading.nameless()
        now = self._reading.now()
        return page(
            "products",
            cards=cards,
            raw=self._reading.raw,
            nameless=books,
            refused=[(item, formats.ago(item.received_at, now)) for item in refused],
        )

    def _card(self, product: Product) -> Card:
        glance = self._reading.glance(product, Origin.PRODUCTION)
        origins = self._reading.origins(product)
        seen = glance.last_seen
        return Card(
            product=product,
            glance=glance,
            change=formats.change(glance.active_7, glance.active_7_before),
            last_seen=formats.ago(seen, self._reading.now()) if seen else "",
            others=tuple(found for found in origins if found.origin is not Origin.PRODUCTION),
        )
