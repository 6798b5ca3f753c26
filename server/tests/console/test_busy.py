"""Where several consoles share what is set down: a change that cannot be made is no fault."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from glasshouse.console.app import EXCEPTION_HANDLERS
from glasshouse.replication import ConflictError, ReplicaUnavailableError


@pytest.mark.parametrize("error", [ConflictError, ReplicaUnavailableError])
@pytest.mark.parametrize("path", ["/people", "/api/v1/people"])
def test_who_asks_is_told_to_come_back(error, path):
    def fail(_request):
        raise error("10.0.0.1 does not answer")

    app = Starlette(routes=[Route(path, fail)], exception_handlers=EXCEPTION_HANDLERS)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "10.0.0.1" not in answer.text
