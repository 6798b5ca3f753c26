"""The console as routes: pages, API, assets. Whoever serves them puts the doors beside."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glasshouse.console.access import Access
from glasshouse.console.api import Api
from glasshouse.console.asset import serve_asset
from glasshouse.console.pages.dictionary import DictionaryPage
from glasshouse.console.pages.disclosure import DisclosurePage
from glasshouse.console.pages.enter import Enter, entry
from glasshouse.console.pages.live import LivePage, Shown
from glasshouse.console.pages.message import broken, message, not_found, wrong_method
from glasshouse.console.pages.product import ProductPage
from glasshouse.console.pages.products import ProductsPage
from glasshouse.console.protection import Protection
from glasshouse.insight import Insight, UnknownProductError

_MIDDLEWARE = (Middleware(Protection), Middleware(GZipMiddleware, minimum_size=1024))

EXCEPTION_HANDLERS: Mapping[Any, Callable[[Request, Exception], Response]] = {
    404: not_found,
    405: wrong_method,
    500: broken,
}
"""For the application that the routes stand in: errors are pages too, and say what to do."""


def _nothing(_slug: str) -> list[dict[str, Any]]:
    """Of a console without a collector beside it."""
    return []


def console_routes(
    insight: Insight,
    token: str,
    *,
    open_on_loopback: bool = False,
    live: Shown = _nothing,
    kinds: Shown = _nothing,
) -> list[Route]:
    """The console's routes.

    `token` opens everything. `open_on_loopback`: pages need no token; only for a server that
    listens on loopback alone. `live` and `kinds`: see `LivePage`.
    """
    access = Access(token, open_on_loopback)
    api = Api(insight, access)
    enter = Enter(access)
    pages: Mapping[str, Callable[[Request], Response]] = {
        "/": ProductsPage(insight),
        "/products/{slug}": ProductPage(insight),
        "/products/{slug}/dictionary": DictionaryPage(insight),
        "/products/{slug}/disclosure": DisclosurePage(insight),
        "/products/{slug}/live": LivePage(insight, live, kinds),
    }
    return [
        *(_route(path, _guarded(access, shown)) for path, shown in pages.items()),
        Route("/enter", enter.__call__, methods=["GET", "POST"], middleware=_MIDDLEWARE),
        _route("/assets/{name}", serve_asset),
        _route("/api/v1/questions", api.questions),
        _route("/api/v1/ask/{question:path}", api.ask),
        Route("/api/v1/sql", api.sql, methods=["POST"], middleware=_MIDDLEWARE),
    ]


def console_app(
    insight: Insight,
    token: str,
    *,
    open_on_loopback: bool = False,
    live: Shown = _nothing,
    kinds: Shown = _nothing,
) -> Starlette:
    """The console alone, as an application."""
    return Starlette(
        routes=console_routes(
            insight, token, open_on_loopback=open_on_loopback, live=live, kinds=kinds
        ),
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Middleware(Protection)],
    )


def _route(path: str, handler: Callable[[Request], Response]) -> Route:
    return Route(path, handler, methods=["GET"], middleware=_MIDDLEWARE)


def _guarded(access: Access, shown: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """The page for whoever may see it; for others the way in; for a wrong slug what there is."""

    def handler(request: Request) -> Response:
        if not access.may_read(request):
            return entry(403)
        try:
            return shown(request)
        except UnknownProductError as error:
            return message(404, "No such product", str(error))

    return handler
