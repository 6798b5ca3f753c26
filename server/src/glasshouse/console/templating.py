"""Templates, with everything escaped that is not markup of our own making."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from glasshouse.console import charts, formats
from glasshouse.console.asset import asset_address
from glasshouse.console.words import say, title
from glasshouse.model import REASONS

_ENVIRONMENT = Environment(
    loader=PackageLoader("glasshouse.console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals.update(
    asset=asset_address, bar=charts.bar, sparkline=charts.sparkline, say=say, titled=title
)
_ENVIRONMENT.filters.update(
    count=formats.count,
    share=formats.share,
    day=formats.day,
    moment=formats.moment,
    seconds=formats.seconds,
    meaning=REASONS.__getitem__,
)


def page(template: str, status: int = 200, **facts: object) -> HTMLResponse:
    """A page made from `templates/TEMPLATE.html`."""
    return HTMLResponse(_ENVIRONMENT.get_template(f"{template}.html").render(facts), status)
