"""The doors as an ASGI application, for all that does not go the hot way of `connections.py`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Door, Reply
from glasshouse.collector.doors import DOOR_BY_ROUTE, INQUIRIES, METHODS_BY_PATH
from glasshouse.collector.handover import Handover, Reception
from glasshouse.collector.pages import PREFIX, page_file
from glasshouse.collector.quarantine import Quarantine
from glasshouse.journal import Appendable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS = 30.0


class Collector:
    """An ASGI app that knows the doors' paths alone; `serves` says whether a request is theirs."""

    def __init__(
        self,
        desk: Desk,
        journal: Appendable,
        in_flight_bytes: int,
        *,
        quarantine: Quarantine | None = None,
        report: Callable[[str], None] = lambda _: None,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """`report` is told of defects, without anything that a client sent; `body_seconds` is how
        long a body may take to come.
        """
        self.quarantine = quarantine or Quarantine()
        self.reception = Reception(desk, journal, in_flight_bytes, self.quarantine, report)
        self.sent_away = self.reception.sent_away
        self.answers = self.reception.answers
        self.body_seconds = body_seconds
        self._desk = desk

    def serves(self, method: str, path: str) -> bool:
        """Whether this app answers. A path is a door's with any method, but for the root, which
        is the console's too.
        """
        return path.startswith(PREFIX) or (
            path in METHODS_BY_PATH and (path != "/" or (method, path) in DOOR_BY_ROUTE)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["method"], scope["path"]
        door = DOOR_BY_ROUTE.get(route)
        if door is None:
            reply: Reply | None = self._without_door(*route, scope["headers"])
        else:
            reply = await self._at(door, scope, receive)
        if reply is not None:
            await _send(send, reply)

    @property
    def in_flight(self) -> int:
        """Bytes of bodies that are being worked on."""
        return self.reception.in_flight

    @property
    def most_in_flight(self) -> int:
        return self.reception.most_in_flight

    def _without_door(self, method: str, path: str, headers: Headers) -> Reply:
        if method == "OPTIONS":
            return PREFLIGHT
        if path.startswith(PREFIX):
            return self._page_file(method, path, headers)
        inquiry = INQUIRIES.get((method, path))
        if inquiry is not None:
            return inquiry(self._desk)
        allowed = ", ".join((*METHODS_BY_PATH[path], "OPTIONS"))
        return _wrong_method(method, allowed)

    def _page_file(self, method: str, path: str, headers: Headers) -> Reply:
        if method not in ("GET", "HEAD"):
            return _wrong_method(method, "GET, HEAD")
        known = next((v.decode("latin-1") for k, v in headers if k == b"if-none-match"), "")
        reply = page_file(self._desk.catalogue, path, known)
        return reply or Reply(404, b'{"error":"no such file"}')

    async def _at(self, door: Door, scope: Scope, receive: Receive) -> Reply | None:
        """What the door answers; None if the client hung up before its request was whole."""
        client = scope.get("client")
        handover = self.reception.handover(
            door, scope["path"], scope["query_string"], scope["headers"], client
        )
        reply = None
        try:
            async with asyncio.timeout(self.body_seconds):
                whole = await _receive_body(receive, handover)
            if handover.reply is not None or not whole:
                reply = handover.reply
            else:
                settled: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
                handover.settle(lambda reply: None if settled.done() else settled.set_result(reply))
                reply = await settled
        except TimeoutError:
            reply = TOO_SLOW
        finally:
            handover.leave(reply)
        return reply


async def _receive_body(receive: Receive, handover: Handover) -> bool:
    """Give the handover its body; whether it came to its end."""
    while handover.reply is None:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        handover.take(message.get("body", b""))
        if not message.get("more_body"):
            break
    return True


def headers_of(reply: Reply) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, in the order in which they go out."""
    return [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"access-control-allow-origin", b"*"),
        *((name.encode(), value.encode()) for name, value in reply.headers.items()),
    ]


async def _send(send: Send, reply: Reply) -> None:
    start = {"type": "http.response.start", "status": reply.status, "headers": headers_of(reply)}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


TOO_SLOW = Reply(408, b'{"error":"the body did not come in time"}', headers={"connection": "close"})
PREFLIGHT = Reply(
    204,
    b"",
    headers={
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "authorization, content-type, content-encoding, "
        "x-retry-count",
        "access-control-max-age": "86400",
    },
)


def _wrong_method(method: str, allowed: str) -> Reply:
    error = {
        "reason": "wrong_method",
        "found": method[:32],
        "expected": allowed,
        "do": "send the request with a method that is expected here",
    }
    return Reply(405, msgspec.json.encode({"error": error}), headers={"allow": allowed})
