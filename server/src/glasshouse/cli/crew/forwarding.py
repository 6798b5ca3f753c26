"""What comes to a member of the crew and is no door's: the first process answers it."""

from collections.abc import AsyncIterator

import httpx

from glasshouse.collector.app import Receive, Scope, Send

# These speak of one connection, not of the message.
HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"expect")
)
IDLE_SECONDS = 2.0  # the first process closes connections that are idle for 5
CONNECT_SECONDS = 30.0  # it listens on this machine; on a busy one it may be late to accept
LONGEST = 3600.0  # an export or an erasure may take long
NOWHERE = b'{"error":"nothing is at this address"}'
AWAY = b'{"error":"the server is starting","do":"try again"}'


class Forwarding:
    """An ASGI app in front of the first process' address."""

    def __init__(self, first: str) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(LONGEST, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, keepalive_expiry=IDLE_SECONDS),
            trust_env=False,
        )
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})  # there is none here
            return
        try:
            request = self._client.build_request(
                scope["method"],
                self._first + _address(scope),
                headers=[pair for pair in scope["headers"] if pair[0] not in HOP_BY_HOP],
                content=_body(receive) if _has_body(scope) else None,
            )
        except (httpx.InvalidURL, ValueError):
            await _say(send, 404, NOWHERE)
            return
        try:
            answer = await self._answered(request)
        except httpx.HTTPError:
            await _say(send, 503, AWAY)
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

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        """What only reads is asked once more where the connection was being closed meanwhile."""
        try:
            return await self._client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            if request.method not in ("GET", "HEAD"):
                raise
            return await self._client.send(request, stream=True)

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


def _address(scope: Scope) -> str:
    """Path and query as they came."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


async def _say(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"2"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
