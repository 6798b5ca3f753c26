"""What comes to a member of the crew and is no door's: the first process answers it."""

from collections.abc import AsyncIterator

import httpx

from glasshouse.collector.app import Receive, Scope, Send

# These speak of one connection, not of the message.
HOP_BY_HOP = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade"))
LONGEST = 3600.0  # an export or an erasure may take long
AWAY = b'{"error":"the server is starting","do":"try again"}'


class Forwarding:
    """An ASGI app in front of the first process' address."""

    def __init__(self, first: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=first, timeout=httpx.Timeout(LONGEST, connect=5), trust_env=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        request = self._client.build_request(
            scope["method"],
            httpx.URL(str(self._client.base_url).rstrip("/") + path + query),
            headers=[pair for pair in scope["headers"] if pair[0] not in HOP_BY_HOP],
            content=_body(receive) if _has_body(scope) else None,
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError:
            await _away(send)
            return
        try:
            headers = [pair for pair in answer.headers.raw if pair[0].lower() not in HOP_BY_HOP]
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status_code,
                    "headers": [(name.lower(), value) for name, value in headers],
                }
            )
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    async def close(self) -> None:
        await self._client.aclose()


def _has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return bool(names & {b"content-length", b"transfer-encoding"})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _away(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(AWAY)).encode()),
        (b"retry-after", b"2"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": AWAY})
