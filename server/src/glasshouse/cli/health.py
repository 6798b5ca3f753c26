"""`/health/…`: whether a process lives, whether it takes work, and what became of every item.

Open to everybody who reaches the port: counts and names of products, no value of an item.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from glasshouse.cli.books import accounting_object
from glasshouse.cli.openapi import openapi_route
from glasshouse.store import StoreUnavailableError, Tally

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Health:
    """What a role says of itself. `facts` has `ready`; `accounting` is None where a role does not
    know what is stored, and `more` stands beside it.
    """

    facts: Callable[[], Facts]
    accounting: Callable[[], list[Tally]] | None = None
    more: Callable[[], Facts] = dict


def health_routes(health: Health) -> list[Route]:
    def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    def ready(_: Request) -> Response:
        facts = health.facts()
        if facts["ready"]:
            return JSONResponse(facts)
        return JSONResponse(facts, status_code=503, headers={"retry-after": "5"})

    def accounting(_: Request) -> Response:
        if health.accounting is None:
            error = {"error": "not known here", "do": "ask a console"}
            return JSONResponse(error, status_code=404)
        try:
            books = accounting_object(health.accounting())
        except StoreUnavailableError:
            error = {"error": "the store is being reopened; nothing is lost", "do": "try again"}
            return JSONResponse(error, status_code=503, headers={"retry-after": "5"})
        return JSONResponse({**books, **health.more()})

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/health/accounting", accounting),
        openapi_route(),
    ]


def sent_away(requests: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """Requests that were told to come back, by product and door."""
    found: dict[str, dict[str, int]] = {}
    for (product, door), count in sorted(requests.items()):
        found.setdefault(product, {})[door] = count
    return found
