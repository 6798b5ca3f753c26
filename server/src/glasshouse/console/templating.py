"""Templates, with everything escaped that is not markup of our own making."""

from collections.abc import Iterator
from contextvars import Context, ContextVar, copy_context

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, StreamingResponse

from glasshouse.console import charts, formats
from glasshouse.console.asset import asset_address
from glasshouse.console.markdown import rendered
from glasshouse.console.words import LANGUAGE, markup, say, title
from glasshouse.model import REASONS, Reason

SO_FAR = "<!-- figures -->"
"""What stands before it in a template is sent before what follows is made."""

_ENVIRONMENT = Environment(
    loader=PackageLoader("glasshouse.console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
SHARED: ContextVar[str] = ContextVar("SHARED", default="")
"""What a page says of itself while it is made for the holder of a share link: pages do not know."""


def _meaning(reason: Reason) -> str:
    return title("reason", reason, REASONS[reason])


_ENVIRONMENT.globals.update(
    language=LANGUAGE,
    shared=SHARED.get,
    so_far=Markup(SO_FAR),  # noqa: S704 (ours)
    asset=asset_address,
    bar=charts.bar,
    sparkline=charts.sparkline,
    say=say,
    markup=markup,
    titled=title,
)
_ENVIRONMENT.filters.update(
    cell=formats.cell,
    count=formats.count,
    share=formats.share,
    day=formats.day,
    moment=formats.moment,
    seconds=formats.seconds,
    meaning=_meaning,
    markdown=rendered,
)


def page(template: str, status: int = 200, **facts: object) -> HTMLResponse:
    """A page made from `templates/TEMPLATE.html`."""
    return HTMLResponse(_ENVIRONMENT.get_template(f"{template}.html").render(facts), status)


def streamed(template: str, status: int = 200, **facts: object) -> StreamingResponse:
    """The same, sent figure by figure as each is made: a browser shows what it has.

    What comes late in the page may so be iterators that work while they are read. They see the
    context variables of now, although whoever set them may be done by then.
    """
    pieces = _ENVIRONMENT.get_template(f"{template}.html").generate(facts)
    parts = _within(copy_context(), _by_figure(pieces))
    return StreamingResponse(parts, status, media_type="text/html; charset=utf-8")


def _within(context: Context, parts: Iterator[str]) -> Iterator[str]:
    while (part := context.run(next, parts, None)) is not None:
        yield part


def _by_figure(pieces: Iterator[str]) -> Iterator[str]:
    """Small pieces put together, each part up to the end of a figure."""
    part: list[str] = []
    for piece in pieces:
        part.append(piece)
        if "</figure>" in piece or SO_FAR in piece:
            yield "".join(part)
            part.clear()
    yield "".join(part)
