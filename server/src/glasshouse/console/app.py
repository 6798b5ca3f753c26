"""The console as routes: pages, API, assets. Whoever serves them puts the doors beside."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glasshouse.console import people_api
from glasshouse.console.access import Access, refuse_as_json
from glasshouse.console.api import Api
from glasshouse.console.asset import serve_asset
from glasshouse.console.pages.account import AccountPage
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.console.pages.dictionary import DictionaryPage
from glasshouse.console.pages.disclosure import DisclosurePage
from glasshouse.console.pages.enter import Enter, entry
from glasshouse.console.pages.extras import extras_of
from glasshouse.console.pages.live import LivePage, Shown
from glasshouse.console.pages.message import broken, message, not_found, wrong_method
from glasshouse.console.pages.people import PeoplePage
from glasshouse.console.pages.products import ProductsPage
from glasshouse.console.pages.question_page import QuestionPage
from glasshouse.console.pages.records import RecordsPage
from glasshouse.console.protection import Protection
from glasshouse.console.server_state import State, no_state
from glasshouse.insight import Insight, UnknownProductError
from glasshouse.insight.reading import Reading
from glasshouse.people import Database, Reader, Records, Register, Right
from glasshouse.people.rights import RIGHT_WORDS

_MIDDLEWARE = (Middleware(Protection), Middleware(GZipMiddleware, minimum_size=1024))

EXCEPTION_HANDLERS: Mapping[Any, Callable[[Request, Exception], Response]] = {
    404: not_found,
    405: wrong_method,
    500: broken,
}
"""For the application that the routes stand in: errors are pages too, and say what to do."""

Page = Callable[[Request], Response]


def _nothing(_slug: str) -> list[dict[str, Any]]:
    """Of a console without a collector beside it."""
    return []


def access_in_memory(token: str, *, open_on_loopback: bool = False) -> Access:
    """For a console without a data directory: people and logs last as long as it does."""
    database = Database(None)

    def now() -> datetime:
        return datetime.now(UTC)

    return Access(token, Register(database, now), Records(database, now), open_on_loopback)


def console_routes(
    insight: Insight,
    access: Access,
    *,
    live: Shown = _nothing,
    kinds: Shown = _nothing,
    state: State = no_state,
) -> list[Route]:
    """The console's routes. `live` and `kinds`: see `LivePage`; `state`: see `ServerState`."""

    def reading(reader: Reader) -> Reading:
        return Reading(insight, reader, access.records)

    def live_page(read: Reading) -> Page:
        return LivePage(read, live, kinds)

    pages: Mapping[str, Callable[[Reading], Page]] = {
        "/": ProductsPage,
        "/products/{slug}/dictionary": DictionaryPage,
        "/products/{slug}/disclosure": DisclosurePage,
        "/products/{slug}/live": live_page,
        **{
            "/products/{slug}" + (f"/{name}" if name else ""): partial(
                QuestionPage, arrangement=arrangement, extras=extras_of(name, state)
            )
            for name, arrangement in ARRANGEMENTS.items()
        },
    }
    api = Api(reading)
    enter, account, people = Enter(access), AccountPage(access), PeoplePage(access)
    plain: dict[str, Callable[[Request, Reader], Response]] = {
        **{path: _product_page(reading, made) for path, made in pages.items()},
        "/account": account.show,
        "/people": people.show,
        "/records": RecordsPage(access),
    }
    return [
        *(_page(access, path, answer) for path, answer in plain.items()),
        _form(access, "/account", account.post),
        _form(access, "/people", people.post),
        Route("/enter", enter.__call__, methods=["GET", "POST"], middleware=_MIDDLEWARE),
        Route("/assets/{name}", serve_asset, methods=["GET"], middleware=_MIDDLEWARE),
        *(
            Route(
                path,
                access.guarded("GET", path, answer, refuse_as_json),
                methods=["GET"],
                middleware=_MIDDLEWARE,
            )
            for path, answer in (
                ("/api/v1/questions", api.questions),
                ("/api/v1/ask/{question:path}", api.ask),
            )
        ),
        Route(
            "/api/v1/sql",
            access.guarded_async("POST", "/api/v1/sql", api.sql, refuse_as_json),
            methods=["POST"],
            middleware=_MIDDLEWARE,
        ),
        *people_api.routes(access),
    ]


def console_app(
    insight: Insight,
    access: Access | str,
    *,
    open_on_loopback: bool = False,
    live: Shown = _nothing,
    kinds: Shown = _nothing,
    state: State = no_state,
) -> Starlette:
    """The console alone, as an application. With a token for `access`, people are in memory."""
    if isinstance(access, str):
        access = access_in_memory(access, open_on_loopback=open_on_loopback)
    return Starlette(
        routes=console_routes(insight, access, live=live, kinds=kinds, state=state),
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Middleware(Protection)],
    )


def _page(access: Access, path: str, answer: Callable[[Request, Reader], Response]) -> Route:
    handler = access.guarded("GET", path, answer, _refuse_as_page)
    return Route(path, handler, methods=["GET"], middleware=_MIDDLEWARE)


def _form(
    access: Access, path: str, answer: Callable[[Request, Reader], Awaitable[Response]]
) -> Route:
    handler = access.guarded_async("POST", path, answer, _refuse_as_page)
    return Route(path, handler, methods=["POST"], middleware=_MIDDLEWARE)


def _product_page(
    reading: Callable[[Reader], Reading], made: Callable[[Reading], Page]
) -> Callable[[Request, Reader], Response]:
    """A page over what its reader may see; for a wrong slug what there is."""

    def answer(request: Request, reader: Reader) -> Response:
        try:
            return made(reading(reader))(request)
        except UnknownProductError as error:
            return message(404, "No such product", str(error))

    return answer


def _refuse_as_page(_: Request, reader: Reader | None, right: Right) -> Response:
    """For strangers the way in; for others what they would need."""
    if reader is None:
        return entry(403)
    return message(
        403,
        "This is not for your role",
        f"It needs the right '{right}': {RIGHT_WORDS[right]}.",
        "An administrator of this server can give it to you.",
    )
