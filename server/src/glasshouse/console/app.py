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

from glasshouse.console import office_api, people_api
from glasshouse.console.access import Access, Refused, refuse_as_json
from glasshouse.console.api import Api
from glasshouse.console.asset import serve_asset
from glasshouse.console.beside import Beside
from glasshouse.console.office_acts import OfficeActs
from glasshouse.console.openid import BACK as OPENID_BACK
from glasshouse.console.pages.account import AccountPage
from glasshouse.console.pages.advisory_contacts import AdvisoryContactsPage
from glasshouse.console.pages.alerts import AlertsPage
from glasshouse.console.pages.arrangements import ARRANGEMENTS
from glasshouse.console.pages.dictionary import DictionaryPage
from glasshouse.console.pages.disclosure import DisclosurePage
from glasshouse.console.pages.enter import Enter, entry
from glasshouse.console.pages.extras import extras_of
from glasshouse.console.pages.forms import WithForms
from glasshouse.console.pages.live import LivePage, Shown
from glasshouse.console.pages.message import (
    broken,
    message,
    no_product,
    not_found,
    wrong_method,
)
from glasshouse.console.pages.openid import OpenIdPages, SigningIn
from glasshouse.console.pages.people import PeoplePage
from glasshouse.console.pages.privacy import PrivacyPage
from glasshouse.console.pages.product_settings import ProductSettingsPage
from glasshouse.console.pages.products import ProductsPage
from glasshouse.console.pages.public import PublicPages
from glasshouse.console.pages.question_page import QuestionPage
from glasshouse.console.pages.records import RecordsPage
from glasshouse.console.pages.shares import SharesPage
from glasshouse.console.protection import Protection
from glasshouse.console.server_state import State, no_state
from glasshouse.console.share_acts import ShareActs
from glasshouse.console.share_acts import routes as share_routes
from glasshouse.console.sharing import Sharing
from glasshouse.console.templating import page
from glasshouse.console.words import say, title
from glasshouse.insight import Insight, UnknownProductError
from glasshouse.insight.reading import Reading
from glasshouse.office import Office
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


def alone(access: Access) -> Beside:
    """What a console without a server around it has: what is set down, and nobody to tell."""

    def now() -> datetime:
        return datetime.now(UTC)

    return Beside(Office.over(access.register.database, now))


def console_routes(
    insight: Insight,
    access: Access,
    *,
    live: Shown = _nothing,
    kinds: Shown = _nothing,
    signing_in: SigningIn | None = None,
    beside: Beside | None = None,
    state: State = no_state,
) -> list[Route]:
    """The console's routes. `live` and `kinds`: see `LivePage`; `signing_in`: see `OpenIdPages`;
    `state`: see `ServerState`.
    """
    beside = beside or alone(access)
    acts = OfficeActs(beside.office, insight, access.records)

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
                QuestionPage,
                arrangement=arrangement,
                extras=extras_of(name, state, beside.office.advisories),
            )
            for name, arrangement in ARRANGEMENTS.items()
        },
    }
    api = Api(reading)
    enter, account, people = Enter(access), AccountPage(access), PeoplePage(access)
    openid = OpenIdPages(access, signing_in)
    sharing = Sharing(access, beside.office.shares, reading, pages)
    share_acts = ShareActs(beside.office.shares, sharing, access.records)
    public = PublicPages(insight)
    forms: Mapping[str, WithForms] = {
        "/alerts": AlertsPage(access, insight, acts, beside),
        "/privacy": PrivacyPage(access, insight, beside),
        "/products/{slug}/settings": ProductSettingsPage(access, insight, acts, beside),
        "/shares": SharesPage(access, share_acts),
    }
    plain: dict[str, Callable[[Request, Reader], Response]] = {
        **{path: _product_page(reading, made) for path, made in pages.items()},
        "/account": account.show,
        "/people": people.show,
        "/records": RecordsPage(access),
        "/settings": lambda _, reader: page(
            "all_settings", products=list(insight.products()), reader=reader
        ),
        "/alerts/{product}/{name}": _product_page(
            reading, lambda read: AdvisoryContactsPage(read, beside)
        ),
        **{path: made.show for path, made in forms.items()},
    }
    return [
        *(_page(access, path, answer) for path, answer in plain.items()),
        _form(access, "/account", account.post),
        _form(access, "/people", people.post),
        *(_form(access, path, made.post) for path, made in forms.items()),
        Route("/shared/{secret}", sharing.open, methods=["GET"], middleware=_MIDDLEWARE),
        Route("/public/{slug}", public.html, methods=["GET"], middleware=_MIDDLEWARE),
        Route("/public/{slug}/data.json", public.document, methods=["GET"], middleware=_MIDDLEWARE),
        Route("/enter", enter.__call__, methods=["GET", "POST"], middleware=_MIDDLEWARE),
        Route("/enter/openid", openid.begin, methods=["GET"], middleware=_MIDDLEWARE),
        Route(OPENID_BACK, openid.back, methods=["GET"], middleware=_MIDDLEWARE),
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
        *office_api.routes(access, acts, beside, reading),
        *share_routes(access, share_acts),
    ]


def console_app(
    insight: Insight,
    access: Access | str,
    *,
    open_on_loopback: bool = False,
    live: Shown = _nothing,
    kinds: Shown = _nothing,
    signing_in: SigningIn | None = None,
    beside: Beside | None = None,
    state: State = no_state,
) -> Starlette:
    """The console alone, as an application. With a token for `access`, people are in memory."""
    if isinstance(access, str):
        access = access_in_memory(access, open_on_loopback=open_on_loopback)
    return Starlette(
        routes=console_routes(
            insight,
            access,
            live=live,
            kinds=kinds,
            signing_in=signing_in,
            beside=beside,
            state=state,
        ),
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Middleware(Protection)],
    )


def _page(access: Access, path: str, answer: Callable[[Request, Reader], Response]) -> Route:
    handler = access.guarded("GET", path, answer, _refuse_as_page(access))
    return Route(path, handler, methods=["GET"], middleware=_MIDDLEWARE)


def _form(
    access: Access, path: str, answer: Callable[[Request, Reader], Awaitable[Response]]
) -> Route:
    handler = access.guarded_async("POST", path, answer, _refuse_as_page(access))
    return Route(path, handler, methods=["POST"], middleware=_MIDDLEWARE)


def _product_page(
    reading: Callable[[Reader], Reading], made: Callable[[Reading], Page]
) -> Callable[[Request, Reader], Response]:
    """A page over what its reader may see; for a wrong slug what there is."""

    def answer(request: Request, reader: Reader) -> Response:
        try:
            return made(reading(reader))(request)
        except UnknownProductError as error:
            return no_product(error)

    return answer


def _refuse_as_page(access: Access) -> Refused:
    """For strangers the way in; for others what they would need."""

    def refuse(_: Request, reader: Reader | None, right: Right) -> Response:
        if reader is None:
            return entry(403, openid=access.openid_title)
        meaning = title("right", right, RIGHT_WORDS[right])
        return message(
            403,
            say("message.no_role"),
            say("message.needs_right", right=right, meaning=meaning),
            say("message.ask_for_right"),
        )

    return refuse
