"""What arrived last and why some of it was refused; what was sent with the development key.

For a developer at work. The items are in the server's memory alone and hold no value; names that
the manifest does not declare are shown, since they are what the developer has to correct.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.console.pages.navigation import navigation
from glasshouse.console.pages.product import arrivals
from glasshouse.console.templating import page
from glasshouse.insight.reading import Reading
from glasshouse.model import Origin

Shown = Callable[[str], list[dict[str, Any]]]
RELOAD_SECONDS = 5
MOST_KINDS = 50


class LivePage:
    """`/products/{slug}/live`; with `?reload=on` it comes anew every RELOAD_SECONDS."""

    def __init__(self, reading: Reading, live: Shown, kinds: Shown) -> None:
        """`live` and `kinds` give what is known of a product, the newest first."""
        self._reading = reading
        self._live = live
        self._kinds = kinds

    def __call__(self, request: Request) -> Response:
        product = self._reading.product(request.path_params["slug"])
        self._reading.note_raw("the live view", product.slug)
        reloads = request.query_params.get("reload") == "on"
        shown = page(
            "live",
            product=product,
            manifest=product.manifest,
            nav=navigation(product, self._reading.reader, "live"),
            items=[_read(item) for item in self._live(product.slug)],
            kinds=[_read(kind) for kind in self._kinds(product.slug)[:MOST_KINDS]],
            arrivals=arrivals(self._reading, product, Origin.PRODUCTION),
            origin=Origin.PRODUCTION,
            reloads=reloads,
            seconds=RELOAD_SECONDS,
        )
        if reloads:
            shown.headers["refresh"] = str(RELOAD_SECONDS)
        return shown


def _read(facts: dict[str, Any]) -> dict[str, Any]:
    """Times as times; what is not there as None."""
    names = ("item", "field", "reason", "found", "expected")
    times: dict[str, Any] = {
        n: datetime.fromisoformat(facts[n]) for n in ("at", "first", "last") if n in facts
    }
    return {**dict.fromkeys(names), "undeclared": {}, **facts, **times}
