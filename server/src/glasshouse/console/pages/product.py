"""What the front page of a product shows beside its questions, and the first use."""

import json
import shlex
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
from glasshouse_sdk.manifest import Manifest


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
        "first": first_item(product.manifest),
    }


def arrivals(reading: Reading, product: Product, origin: Origin) -> list[Arrival]:
    """The newest items, and how long ago each came; none without raw access."""
    now = reading.now()
    return [
        Arrival(item, formats.ago(item.received_at, now))
        for item in reading.newest(product, origin)
    ]


@dataclass(frozen=True, slots=True)
class FirstItem:
    """The arguments that record an item of a manifest, for a shell and for Python."""

    shell: str
    python: str


def first_item(manifest: Manifest) -> FirstItem:
    """The first event, or else the first item, with the examples that its fields declare."""
    items = sorted(manifest.items.values(), key=lambda item: item.kind != "event")
    name = items[0].name if items else "ITEM"
    examples = {
        field.name: field.example
        for field in (items[0].fields.values() if items else ())
        if isinstance(field.example, str | int | float)
    }
    shell = (f"{n}={json.dumps(v) if isinstance(v, bool) else v}" for n, v in examples.items())
    python = (f"{n}={_python(v)}" for n, v in examples.items())
    return FirstItem(
        " ".join([name, *map(shlex.quote, shell)]), ", ".join([_python(name), *python])
    )


def _python(value: str | float) -> str:
    """As Python's formatters write it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
