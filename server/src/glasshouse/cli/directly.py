"""A request to the console's interface without a server: over a data directory that rests.

So a command that asks a server asks the same of a directory, and both do it in the same code.
"""

import asyncio
from typing import Any

import httpx

from glasshouse.cli.alerting import watch_of
from glasshouse.cli.beside import beside_of
from glasshouse.cli.installation import Installation
from glasshouse.console.access import Access
from glasshouse.console.app import console_app

NOBODYS = "nobody listens"


def answered(
    installation: Installation, method: str, path: str, headers: dict[str, str], **rest: Any
) -> httpx.Response:
    """What a server on this directory would answer the machine itself."""
    access = Access(NOBODYS, installation.people, installation.records)
    beside = beside_of(installation, watch_of(installation))
    app = console_app(installation.insight, access, beside=beside)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            shown = {**headers, "authorization": f"Bearer {NOBODYS}"}
            return await client.request(method, path, headers=shown, **rest)

    return asyncio.run(ask())
