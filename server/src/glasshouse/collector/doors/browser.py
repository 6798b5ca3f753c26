"""The browser door: `POST /v1/browser`, what the tracker in a product's web pages sends.

The body is JSON under any content type, for a page that is closing can send nothing else without
asking first. It names its product by the slug: what a page holds is no secret. A relay in the
product's own server may name it by a write key, and the visit by a hash of its own.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from glasshouse.catalogue import Catalogue, Product
from glasshouse.collector.declarations import Declarations
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.explaining import explain
from glasshouse.collector.keys import product_of_key
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.replies import error_reply
from glasshouse.collector.translation import decode, make_room, rejected, suppressed
from glasshouse.model import Origin, Reason
from glasshouse_sdk.manifest import Browser, Item

MOST_ITEMS = 200
LONGEST_AGO = 2 * 24 * 3600 * 1000.0  # milliseconds
SECONDS = re.compile(r"[0-9]{1,5}\Z")
RANDOM = re.compile(r"[0-9a-f]{32}\Z")


class Sent(msgspec.Struct, gc=False):
    """An item as the tracker sends it; `ago` is its age in milliseconds when it was sent."""

    id: str
    item: str
    ago: float
    fields: dict[str, object]


class Page(msgspec.Struct, gc=False):
    """A request of the tracker. `consent`: the version that the visitor agreed to, if they did."""

    items: list[Sent]
    product: str = ""
    manifest: str | None = None
    consent: int | None = None
    visitor: str | None = None
    version: str | None = None


class BrowserDoor:
    name = "browser"
    routes = (("POST", "/v1/browser"),)

    def open(self, parcel: Parcel, desk: Desk) -> None:
        page: Page = decode(parcel.body, Page, "an object with 'product' and 'items'")
        product, origin = _product(desk.catalogue, parcel, page)
        parcel.product = product.slug
        if parcel.origin is not Origin.SIMULATED:
            parcel.origin = origin
        declarations = desk.declarations(product, page.manifest)
        browser = declarations.manifest.browser if declarations is not None else None
        if declarations is None or browser is None:
            raise RefusedError(
                Reason.UNKNOWN_MANIFEST,
                f"manifest {(page.manifest or '')[:80]}",
                "the digest of a manifest with [browser] that is registered for this product",
            )
        parcel.declarations = declarations
        make_room(parcel, len(page.items), MOST_ITEMS)
        reading = Reading(parcel, desk, page, declarations, browser)
        for place, sent in enumerate(page.items):
            reading.read(place, sent)

    def answer(self, parcel: Parcel) -> Reply:
        return Reply(204, b"")

    def refuse(self, refused: RefusedError) -> Reply:
        return error_reply(refused)

    def busy(self, status: int, seconds: int) -> Reply:
        return Reply(status, b"", headers={"retry-after": str(seconds)})


def _product(catalogue: Catalogue, parcel: Parcel, page: Page) -> tuple[Product, Origin]:
    scheme, _, key = parcel.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return product_of_key(catalogue, key.strip())
    product = catalogue.product(page.product)
    if product is None or product.manifest.browser is None:
        raise RefusedError(
            Reason.NO_PRODUCT,
            "a product without [browser] in its manifest, or none",
            "the slug of one that has it",
        )
    return product, Origin.PRODUCTION


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the items of one request."""

    parcel: Parcel
    desk: Desk
    page: Page
    declarations: Declarations
    browser: Browser

    def read(self, place: int, sent: Sent) -> None:
        if sent.item not in self.browser.paths:
            self.parcel.refuse(place, rejected(Reason.UNKNOWN_ITEM))
            return
        if not self._is_agreed(self.declarations.manifest.items[sent.item]):
            self.parcel.refuse(place, suppressed(Reason.NO_CONSENT))
            return
        waited = timedelta(milliseconds=min(max(sent.ago, 0.0), LONGEST_AGO)) + _held(self.parcel)
        at = self.parcel.received_at - waited
        raw = {
            "item": sent.item,
            "id": sent.id,
            "at": at,
            "instance": self._instance(at),
            "version": self.page.version,
            "fields": sent.fields,
        }
        entry, verdict, dropped = explain(raw, self.declarations)
        if dropped:
            self.parcel.dropped[place] = dropped
        if verdict is not None:
            self.parcel.refuse(place, verdict)
        else:
            self.parcel.entries[place] = entry

    def _is_agreed(self, item: Item) -> bool:
        """Where a product asks first nothing is taken of who has not agreed to this item."""
        if self.page.consent is None:
            return self.declarations.manifest.product.default != "ask"
        return self.page.consent >= item.since

    def _instance(self, at: datetime) -> str:
        """The visitor's own identifier after consent to it, else the visit of that day."""
        page, parcel = self.page, self.parcel
        agreed = page.consent is not None and self.browser.identifier
        if agreed and page.visitor is not None and RANDOM.match(page.visitor):
            return page.visitor
        today = parcel.received_at.date()
        return self.desk.visits.name(parcel.product, _shown(parcel), at.date(), today)


def _held(parcel: Parcel) -> timedelta:
    """How long a relay had it, which the tracker could not know."""
    seconds = parcel.headers.get("glasshouse-held", "")
    return timedelta(seconds=int(seconds) if SECONDS.match(seconds) else 0)


def _shown(parcel: Parcel) -> tuple[str, ...]:
    """What tells a visit: a relay's hash, else the address and the browser's name of itself."""
    visit = parcel.headers.get("glasshouse-visit", "")
    if RANDOM.match(visit):
        return (visit,)
    return (parcel.peer or "", parcel.headers.get("user-agent", "")[:512])
