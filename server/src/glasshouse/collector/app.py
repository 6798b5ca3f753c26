"""The doors over HTTP: plain ASGI, for this is the hot route.

Receive within bounds, go through the steps, write the record, answer after the sync.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from typing import Any

from glasshouse.collector.bodies import largest_body, too_large
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Door, Reply
from glasshouse.collector.doors import DOOR_BY_ROUTE, INQUIRIES, METHODS_BY_PATH
from glasshouse.collector.pace import TooFastError
from glasshouse.collector.pages import PREFIX, page_file
from glasshouse.collector.parcel import NO_PRODUCT, Parcel, RefusedError
from glasshouse.collector.proofs import ProofsUnavailableError
from glasshouse.collector.quarantine import Quarantine
from glasshouse.collector.recording import record_of, record_of_refusal
from glasshouse.collector.steps import STEPS
from glasshouse.journal import Journal, JournalBrokenError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BUSY_SECONDS = 2
LONGEST_ADDRESS = 100
BROKEN_SECONDS = 10
BODY_SECONDS = 30.0


class ClientGoneError(Exception):
    """The client hung up before its request was whole."""


class Collector:
    """An ASGI app that knows the doors' paths alone; `serves` says whether a request is theirs."""

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        in_flight_bytes: int,
        *,
        quarantine: Quarantine | None = None,
        report: Callable[[str], None] = lambda _: None,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """`report` is told of defects, without anything that a client sent; `body_seconds` is how
        long a body may take to come.
        """
        self._desk = desk
        self._report = report
        self._body_seconds = body_seconds
        self.quarantine = quarantine or Quarantine()
        self._journal = journal
        self._most_in_flight = in_flight_bytes
        self._in_flight = 0
        # Requests told to come back, by product and door, since the start. Nothing of them was
        # taken, so they are no outcome of an item: their clients send them again.
        self.sent_away: Counter[tuple[str, str]] = Counter()

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
            await _send(send, self._without_door(*route, scope["headers"]))
        else:
            headers = {
                key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
            }
            try:
                reply = await self._take(door, scope, headers, receive)
            except ClientGoneError:
                return
            except TimeoutError:
                reply = TOO_SLOW
            except Exception as error:  # noqa: BLE001 (its text may hold what a client sent)
                self._report(f"a defect: {place_of(error)}")
                reply = door.busy(503, BROKEN_SECONDS)
            await _send(send, reply)

    def _without_door(self, method: str, path: str, headers: Headers) -> Reply:
        if method == "OPTIONS":
            return PREFLIGHT
        if path.startswith(PREFIX):
            return self._page_file(method, path, headers)
        inquiry = INQUIRIES.get((method, path))
        if inquiry is not None:
            return inquiry(self._desk)
        allowed = ", ".join((*METHODS_BY_PATH[path], "OPTIONS"))
        return Reply(405, b'{"error":"another method"}', headers={"allow": allowed})

    def _page_file(self, method: str, path: str, headers: Headers) -> Reply:
        if method not in ("GET", "HEAD"):
            return Reply(405, b'{"error":"another method"}', headers={"allow": "GET, HEAD"})
        known = next((v.decode("latin-1") for k, v in headers if k == b"if-none-match"), "")
        reply = page_file(self._desk.catalogue, path, known)
        return reply or Reply(404, b'{"error":"no such file"}')

    async def _take(
        self, door: Door, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> Reply:
        room = largest_body(headers.get("content-encoding", ""))
        # Room is taken for the whole body before it is read, so that many slow senders together
        # cannot take more memory than there is.
        claim = min(_stated_length(headers, room), room)
        if self._in_flight + claim > self._most_in_flight:
            self.sent_away[NO_PRODUCT, door.name] += 1
            return door.busy(503, BUSY_SECONDS)
        self._in_flight += claim
        try:
            parcel = self._parcel(door, scope, headers)
            try:
                async with asyncio.timeout(self._body_seconds):
                    parcel.body = await _receive_body(receive, headers, room)
                for step in STEPS:
                    step(parcel, self._desk)
            except TooFastError as error:
                return self._send_away(door, parcel, 429, error.seconds)
            except ProofsUnavailableError:
                return self._send_away(door, parcel, 503, BROKEN_SECONDS)
            except RefusedError as refused:
                self._journal.note(record_of_refusal(parcel, refused).encoded())
                self.quarantine.note_refusal(parcel, refused)
                return door.refuse(refused)
            return await self._record(door, parcel)
        finally:
            self._in_flight -= claim

    async def _record(self, door: Door, parcel: Parcel) -> Reply:
        payload = record_of(parcel).encoded()
        parcel.body = b""
        try:
            await self._journal.append(payload)
        except JournalBrokenError:
            return self._send_away(door, parcel, 503, BROKEN_SECONDS)
        self.quarantine.note(parcel)
        return door.answer(parcel)

    def _send_away(self, door: Door, parcel: Parcel, status: int, seconds: int) -> Reply:
        self.sent_away[parcel.product, door.name] += 1
        return door.busy(status, seconds)

    def _parcel(self, door: Door, scope: Scope, headers: dict[str, str]) -> Parcel:
        return Parcel(
            door=door.name,
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=b"",
            peer=self._peer(scope, headers),
            received_at=self._desk.clock(),
        )

    def _peer(self, scope: Scope, headers: dict[str, str]) -> str | None:
        """The sender's address; a forwarded one only from a proxy that the operator trusts."""
        client = scope.get("client")
        peer = client[0] if client else None
        if peer in self._desk.trusted_proxies and "x-forwarded-for" in headers:
            peer = headers["x-forwarded-for"].rpartition(",")[2].strip()
        return plain_address(peer) if peer and len(peer) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str | None:
    """An address without port, zone or the IPv6 form of an IPv4 one; None if it is none.

    Remembered, in memory alone: one peer sends many requests.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def place_of(error: BaseException) -> str:
    """The kind of an error and where in the code it was raised; never its text."""
    where = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    file, line = where[-1] if where else ("?", 0)
    return f"{type(error).__name__} at {Path(file).name}:{line}"


def _stated_length(headers: dict[str, str], otherwise: int) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 19 else otherwise


async def _receive_body(receive: Receive, headers: dict[str, str], most: int) -> bytes:
    stated = _stated_length(headers, 0)
    if stated > most:
        raise too_large(str(stated), most)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise too_large(f"more than {most}", most)
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"access-control-allow-origin", b"*"),
        *((name.encode(), value.encode()) for name, value in reply.headers.items()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
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
