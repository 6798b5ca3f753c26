"""The relay for ASGI servers: Starlette, FastAPI, Django's ASGI, Quart and others.

application = RelayMiddleware(application, Relay("telemetry.json"))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from glasshouse_sdk.browser.relay import MOST_BODY, Asked, Relay

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class RelayMiddleware:
    """Outside of whatever asks for a login, so that its pages' tracker is heard too."""

    def __init__(self, application: Application, relay: Relay) -> None:
        self._application = application
        self._relay = relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._relay.prefix):
            await self._application(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return
        answered = self._relay.answer(_asked(scope, body))
        headers = [(name.encode(), value.encode()) for name, value in answered.headers.items()]
        if answered.status not in (204, 304):
            headers.append((b"content-length", str(len(answered.body)).encode()))
        start = {"type": "http.response.start", "status": answered.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answered.body})


async def _body(receive: Receive) -> bytes | None:
    """The body, as far as the relay looks at it; None if the client has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= MOST_BODY:
            body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _asked(scope: Scope, body: bytes) -> Asked:
    client = scope.get("client")
    return Asked(
        method=scope["method"],
        path=scope["path"],
        headers={key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]},
        peer=client[0] if client else "",
        body=body,
    )
