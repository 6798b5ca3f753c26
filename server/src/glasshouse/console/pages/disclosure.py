"""The disclosure page: what a user of the product is told, rendered from the manifest."""

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.console.markdown import rendered
from glasshouse.console.pages.navigation import navigation
from glasshouse.console.templating import page
from glasshouse.insight.reading import Reading
from glasshouse_sdk.manifest import disclosure


class DisclosurePage:
    """`/products/{slug}/disclosure`"""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __call__(self, request: Request) -> Response:
        product = self._reading.product(request.path_params["slug"])
        text = rendered(disclosure(product.manifest))
        nav = navigation(product, self._reading.reader, "disclosure")
        return page("disclosure", product=product, manifest=product.manifest, nav=nav, text=text)
