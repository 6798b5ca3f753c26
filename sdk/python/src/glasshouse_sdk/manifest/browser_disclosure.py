"""What the disclosure page says of a product's web pages."""

from __future__ import annotations

from collections.abc import Iterator

from glasshouse_sdk.manifest.model import Manifest

ASKED = {
    "ask": "Before you choose, and after *Necessary Only*, pages send nothing at all.",
    "on": "Pages send what is listed below until you refuse.",
}


def pages(manifest: Manifest) -> Iterator[str]:
    """Nothing for a product without pages."""
    browser = manifest.browser
    if browser is None:
        return
    cookie = next(switch.name for switch in manifest.switches if switch.kind == "cookie")
    yield "## In web pages"
    yield ""
    yield ASKED[manifest.product.default]
    yield "A browser that sends *Do Not Track* or *Global Privacy Control* is left alone."
    yield ""
    names = ", ".join(f"`{path.partition('.')[2]}`" for path in browser.paths)
    yield f"- Pages send {names}, as described below, and nothing else."
    yield "- Addresses of pages become declared patterns; what stands in a page or is typed is not"
    yield "  looked at."
    yield f"- The cookie `{cookie}` holds your choice, its time and the version of what you were"
    yield "  told, for 13 months. You can open the choice again and read it."
    if browser.identifier:
        yield "- If you agree, the cookie also holds a random identifier. It is deleted when you"
        yield "  withdraw."
    yield "- Without an identifier, visits are counted by a hash whose key is replaced every day"
    yield "  and kept nowhere: two days of one visitor cannot be linked."
    yield ""
