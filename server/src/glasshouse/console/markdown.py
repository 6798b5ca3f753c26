"""Markdown of manifests as a part of a page."""

from markdown_it import MarkdownIt
from markupsafe import Markup

# HTML in a manifest stays text, and no picture is fetched from anywhere.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_PLACED = {
    "<table>": '<div class="scroll open" tabindex="0"><table>',
    "</table>": "</table></div>",
    "<h1>": "<h2>",
    "</h1>": "</h2>",
}


def rendered(text: str) -> Markup:
    """Below the heading that a page has already; what scrolls is reached by keyboard."""
    html = _MARKDOWN.render(text)
    for tag, here in _PLACED.items():
        html = html.replace(tag, here)
    return Markup(html)  # noqa: S704 (escaped by the parser)
