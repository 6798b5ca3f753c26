"""The disclosure page: what a user of the product is told, rendered from the manifest."""

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from glasshouse.console.pages.navigation import navigation
from glasshouse.console.templating import page
from glasshouse.insight.reading import Reading
from glasshouse_sdk.manifest import disclosure

# HTML in a manifest stays text, and no picture is fetched from anywhere.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


class DisclosurePage:
    """`/products/{slug}/disclosure`"""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __call__(self, request: Request) -> Response:
        product = self._reading.product(request.path_params["slug"])
        text = Markup(_placed(_MARKDOWN.render(disclosure(product.manifest))))  # noqa: S704 (escaped above)
        nav = navigation(product, self._reading.reader, "disclosure")
        return page("disclosure", product=product, manifest=product.manifest, nav=nav, text=text)


def _placed(text: str) -> str:
    """As a part of a page: it has a heading already, and what scrolls is reached by keyboard."""
    for tag, here in _PLACED.items():
        text = text.replace(tag, here)
    return text


_PLACED = {
    "<table>": '<div class="scroll open" tabindex="0"><table>',
    "</table>": "</table></div>",
    "<h1>": "<h2>",
    "</h1>": "</h2>",
}
