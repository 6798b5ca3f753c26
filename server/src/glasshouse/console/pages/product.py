"""What the front page of a product shows beside its questions, and the first use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glasshouse.catalogue import Product
from glasshouse.console import formats
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.insight import NewestItem
from glasshouse.insight.reading import Reading
from glasshouse.model import Origin
from glasshouse.people import Right


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line of the newest items, with how long ago it came."""

    item: NewestItem
    ago: str


def product_extras(reading: Reading, product: Product, address: PageAddress) -> Mapping[str, Any]:
    """Tiles, newest items, books; and whether anything has ever arrived."""
    origin = Origin(address.origin) if address.origin in set(Origin) else Origin.PRODUCTION
    glance = reading.glance(product, origin)
    books = reading.books(product)
    waits = origin not in {known.origin for known in reading.origins(product)}
    return {
        "glance": glance,
        "change": formats.change(glance.active_7, glance.active_7_before),
        "last_seen": formats.ago(glance.last_seen, reading.now()) if glance.last_seen else "",
        # A page that waits looks again by itself, and nothing is read as long as nothing came.
        "arrivals": arrivals(reading, product, origin) if books.received or not waits else [],
        "books": books,
        "waits": waits,
        "write_key": product.key_for(origin) if Right.CHANGE in reading.reader.rights else "",
        "first_event": next(
            (i.name for i in product.manifest.items.values() if i.kind == "event"), ""
        ),
    }


def arrivals(reading: Reading, product: Product, origin: Origin) -> list[Arrival]:
    """The newest items, and how long ago each came; none without raw access."""
    now = reading.now()
    return [
        Arrival(item, formats.ago(item.received_at, now))
        for item in reading.newest(product, origin)
    ]
