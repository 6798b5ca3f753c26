"""The files that a page loads from the collector: the tracker configured for a product, and the
published versions as they are.

    /browser/SLUG/tracker.js   /browser/SLUG/banner.js     for a product; they change with it
    /browser/VERSION/tracker.js  …/banner.js               published; they never change
"""

from glasshouse.catalogue import Catalogue
from glasshouse.collector.door import Reply
from glasshouse_sdk.browser import BANNER, TRACKER, configuration, configured, released
from glasshouse_sdk.browser.files import integrity
from glasshouse_sdk.manifest import compile_manifest

PREFIX = "/browser/"
ENDPOINT = "/v1/browser"
SCRIPT = "text/javascript; charset=utf-8"
FOR_EVER = "public, max-age=31536000, immutable"
# A page asks again after an hour, and gets 304 where nothing changed.
FOR_AN_HOUR = "public, max-age=3600"


def page_file(catalogue: Catalogue, path: str, known: str) -> Reply | None:
    """The file at a path, or None if there is none. `known`: the tag that the browser has."""
    holder, _, name = path.removeprefix(PREFIX).partition("/")
    if name not in (TRACKER, BANNER):
        return None
    if holder[:1].isdigit():
        try:
            return Reply(200, released(name, holder), SCRIPT, {"cache-control": FOR_EVER})
        except KeyError:
            return None
    product = catalogue.product(holder)
    if product is None or product.manifest.browser is None or product.settings.ended:
        return None
    content = configured(name, configuration(compile_manifest(product.manifest), ENDPOINT))
    etag = f'"{integrity(content)}"'
    headers = {"cache-control": FOR_AN_HOUR, "etag": etag}
    if known == etag:
        return Reply(304, b"", SCRIPT, headers)
    return Reply(200, content, SCRIPT, headers)
