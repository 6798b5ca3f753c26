"""One ASGI application out of the doors, the health pages, the administration and the console."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from glasshouse.catalogue import Product, SettingsError
from glasshouse.cli import keeping
from glasshouse.cli.crew.crew import Crew
from glasshouse.cli.health import Facts, Health, health_routes, sent_away
from glasshouse.cli.installation import Installation
from glasshouse.cli.metrics import metrics_route, of_whole
from glasshouse.collector import forgetting
from glasshouse.collector.app import Collector, Receive, Scope, Send
from glasshouse.collector.pace import Pace
from glasshouse.collector.parcel import NO_PRODUCT
from glasshouse.console.access import Access, refuse_as_json
from glasshouse.console.app import EXCEPTION_HANDLERS
from glasshouse.people import Reader
from glasshouse_sdk.manifest import ManifestError

Handler = Callable[[Request, Reader], Response]
ADMINISTRATION = ("/api/v1/products", "/api/v1/live", "/api/v1/quarantine", keeping.PREFIX)
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Application:
    """Doors first, for they are the hot route; then health and administration; then pages."""

    def __init__(
        self,
        installation: Installation,
        collector: Collector,
        console: App,
        access: Access,
        crew: Crew | None = None,
        *,
        has_doors: bool = True,
    ) -> None:
        """Without doors it answers as if there were none; others have them."""
        self.collector = collector
        self._has_doors = has_doors
        self.forget = forgetting.forget_app(
            collector.reception.desk, installation.forget_requests, Pace(time.monotonic)
        )
        self.access = access
        self._catalogue = installation.catalogue
        self._crew = crew
        self.health = Starlette(routes=health_routes(health_of(installation, collector, crew)))
        self._console = console
        self._metrics = Starlette(routes=[metrics_route(of_whole(installation, collector, crew))])
        self._administration = Starlette(
            routes=[
                *administration_routes(installation, collector, access),
                *keeping.routes(installation.holdings, access),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_doors = scope["type"] == "http" and self._has_doors
        if is_doors and self.collector.serves(scope["method"], path):
            await self.collector(scope, receive, send)
        elif is_doors and path.startswith(forgetting.PATH):
            await self.forget(scope, receive, send)
        elif path.startswith("/health/") or path == "/openapi.json":
            await self.health(scope, receive, send)
        elif path == "/metrics":
            await self._metrics(scope, receive, send)
        elif path.startswith(ADMINISTRATION):
            await self._administration(scope, receive, self._told(send))
        else:
            await self._console(scope, receive, send)

    def _told(self, send: Send) -> Send:
        """An answer to a change of the catalogue waits until every collector knows of it."""
        crew, before = self._crew, self._catalogue.version
        if crew is None:
            return send

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start" and self._catalogue.version != before:
                await crew.catch_up()
            await send(message)

        return told


def collector_only(whole: Application) -> App:
    """The doors and the health pages, for a port of their own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and whole.collector.serves(scope["method"], scope["path"]):
            await whole.collector(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(forgetting.PATH):
            await whole.forget(scope, receive, send)
        else:
            await whole.health(scope, receive, send)

    return app


def health_of(installation: Installation, collector: Collector, crew: Crew | None) -> Health:
    """What a process says that is collector, loader and console."""

    def facts() -> Facts:
        state = installation.loader.state
        return {
            "ready": True,
            "loader": {
                "lag": round(state.lag, 3),
                "failures": state.failures,
                "last_error": state.last_error,
                "problems": list(state.problems),
            },
            "journal_bytes": installation.journal.size(),
            "collectors": {
                "wanted": 1 + (len(crew.seats) if crew else 0),
                "running": 1 + (crew.running if crew else 0),
            },
        }

    def more() -> Facts:
        return {
            "requests_sent_away": sent_away(collector.sent_away),
            "forget_requests": installation.forget_requests.counts(),
        }

    return Health(facts, installation.accounting, more)


def administration_routes(
    installation: Installation, collector: Collector, access: Access
) -> list[Route]:
    """What changes the installation. A request needs a token, cookie or not."""

    def products(_: Request, __: Reader) -> Response:
        found = [product_object(product) for product in installation.catalogue]
        return JSONResponse({"products": found})

    async def add(request: Request, reader: Reader) -> Response:
        try:
            source = await request.body()
            product = await run_in_threadpool(installation.register, source, reader)
        except ManifestError as error:
            problems = [asdict(problem) for problem in error.problems]
            said = f"the manifest has {len(problems)} problems"
            body = {"error": "bad_manifest", "problems": problems, "message": said}
            return JSONResponse(body, status_code=422)
        return JSONResponse(product_object(product))

    async def change(request: Request, reader: Reader) -> Response:
        slug = request.path_params["slug"]
        try:
            changes = await request.json()
            if not isinstance(changes, dict):
                raise SettingsError("found no object; expected settings by name")
            product = await run_in_threadpool(installation.change_product, slug, changes, reader)
        except KeyError:
            return _no_product(slug)
        except (ValueError, RecursionError) as error:
            return JSONResponse({"error": "bad_settings", "message": str(error)}, status_code=422)
        return JSONResponse(product_object(product))

    def of_product(kind: str, read: Callable[[str], list[dict[str, Any]]]) -> Handler:
        """`GET …?product=SLUG`: what is known of one product, as a list."""

        def handler(request: Request, reader: Reader) -> Response:
            slug = request.query_params.get("product", "")
            if slug != NO_PRODUCT and installation.catalogue.product(slug) is None:
                return _no_product(slug, "add ?product=SLUG")
            installation.reading(reader).note_raw(f"the list of {kind}", slug)
            return JSONResponse({"product": slug, kind: read(slug)})

        return handler

    def erase_simulated(request: Request, reader: Reader) -> Response:
        slug = request.path_params["slug"]
        if installation.catalogue.product(slug) is None:
            return _no_product(slug)
        return JSONResponse({"erased": installation.erase_simulated(slug, reader)})

    quarantine = collector.quarantine
    plain: list[tuple[str, str, Handler]] = [
        ("GET", "/api/v1/live", of_product("items", quarantine.live)),
        ("GET", "/api/v1/quarantine", of_product("kinds", quarantine.kinds)),
        ("GET", "/api/v1/products", products),
        ("DELETE", "/api/v1/products/{slug}/simulated", erase_simulated),
    ]
    reading_bodies = [
        ("POST", "/api/v1/products", add),
        ("PATCH", "/api/v1/products/{slug}", change),
    ]
    return [
        *(
            Route(path, access.guarded(method, path, answer, refuse_as_json), methods=[method])
            for method, path, answer in plain
        ),
        *(
            Route(path, access.guarded_async(method, path, act, refuse_as_json), methods=[method])
            for method, path, act in reading_bodies
        ),
    ]


def _no_product(slug: str, advice: str = "see glasshouse product list") -> Response:
    message = f"found no product '{slug[:64]}'; {advice}"
    return JSONResponse({"error": "no_such_product", "message": message}, status_code=404)


def product_object(product: Product) -> dict[str, Any]:
    return {
        "slug": product.slug,
        "name": product.manifest.product.name,
        "digest": product.manifest.digest,
        "settings": product.settings.facts(),
        "write_keys": [{"key": key.key, "origin": key.origin.value} for key in product.keys],
    }
