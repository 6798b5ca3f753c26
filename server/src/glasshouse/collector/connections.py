"""Connections that take no more than they need: uvicorn bounds neither the size of a request's head
nor the time that it takes to come, and writes the head and the body of an answer one by one.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from glasshouse.collector.app import TOO_SLOW, Collector, headers_of
from glasshouse.collector.door import Reply
from glasshouse.collector.doors import DOOR_BY_ROUTE
from glasshouse.collector.handover import Handover

MOST_HEAD = 64 * 1024  # bytes of request line and headers
HEAD_SECONDS = 30.0

MOST_JOINED = 64 * 1024  # bytes of writes that wait for each other

Bytes = bytes | bytearray | memoryview

TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class JoinedWrites(asyncio.Transport):
    """A transport that writes at the end of the loop's turn what was written in the course of it.

    A write is a system call and wakes the client, which is half of what a small request costs.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[Bytes] = []
        self._size = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def write(self, data: Bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        # The transport must see what is waiting, for it is what makes a writer pause.
        if self._size > MOST_JOINED:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self._transport.write(b"".join(parts) if len(parts) > 1 else parts[0])

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._parts = []
        self._transport.abort()


class NobodyWaits:
    """Stands where uvicorn wakes a task that waits for more of a request."""

    def set(self) -> None:
        """There is no task."""


class DoorRequest:
    """A request that this connection takes to a door itself.

    It has those attributes of uvicorn's own requests that the connection looks at.
    """

    __slots__ = ("disconnected", "handover", "keep_alive", "more_body", "response_complete")

    message_event = NobodyWaits()

    def __init__(self, handover: Handover, *, keep_alive: bool) -> None:
        self.handover = handover
        self.keep_alive = keep_alive
        self.more_body = True
        self.disconnected = False
        self.response_complete = False


class DoorConnection(HttpToolsProtocol):
    """Takes what is sent to a door there at once, without a task, a scope and messages between:
    they are two thirds of what a small request costs. Everything else is uvicorn's.

    Closes the connection of a client whose head is too long, or too long on its way, and of one
    whose body does not come. What is whole when it arrives costs nothing here but two marks.
    """

    head_seconds = HEAD_SECONDS
    collector: Collector | None = None
    _in_head = True
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _awaited: object = None  # what the deadline is for

    @classmethod
    def of(cls, collector: Collector) -> type["DoorConnection"]:
        """Connections for uvicorn that lead to this collector's doors."""
        return type(cls.__name__, (cls,), {"collector": collector})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedWrites(transport, self.loop))
        self._keep_time()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        method, (path, _, query) = self.parser.get_method(), self.url.partition(b"?")
        door = DOOR_BY_ROUTE.get((method.decode("latin-1"), path.decode("latin-1")))
        waits = self.cycle is not None and not self.cycle.response_complete
        if door is None or waits or self.collector is None or self.parser.should_upgrade():
            super().on_headers_complete()
            return
        reception = self.collector.reception
        handover = reception.handover(
            door, path.decode("latin-1"), query, self.headers, self.client
        )
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        request = DoorRequest(handover, keep_alive=keep_alive)
        self.cycle = request  # type: ignore[assignment]
        if handover.reply is not None:
            self._answer(request, handover.reply)
        elif self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        request: object = self.cycle
        if not isinstance(request, DoorRequest):
            super().on_body(body)
        elif not request.response_complete:
            request.handover.take(body)
            if request.handover.reply is not None:
                self._answer(request, request.handover.reply)

    def on_message_complete(self) -> None:
        request: object = self.cycle
        if not isinstance(request, DoorRequest):
            super().on_message_complete()
            return
        request.more_body = False
        if not request.response_complete:
            request.handover.settle(lambda reply: self._answer(request, reply))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD and not self.transport.is_closing():
                self.transport.write(TOO_LONG)
                self.transport.close()
        self._keep_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        request: object = self.cycle
        if isinstance(request, DoorRequest) and request.more_body:
            request.handover.leave()
        super().connection_lost(exc)

    def _answer(self, request: DoorRequest, reply: Reply) -> None:
        """Write the answer, in one piece; then the connection is free for what comes next."""
        request.handover.leave(reply)
        request.response_complete = True
        if self.transport.is_closing():
            return
        keep_alive = request.keep_alive and "connection" not in reply.headers
        headers = [*self.server_state.default_headers, *headers_of(reply)]
        if not request.keep_alive:
            headers.append((b"connection", b"close"))
        head = [b"%b: %b\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[reply.status], *head, b"\r\n", reply.body]))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _keep_time(self) -> None:
        """What is not whole has a limited time to become so: a head, or a body for a door."""
        request: object = self.cycle
        if self._in_head:
            awaited: object = "head"
        elif isinstance(request, DoorRequest) and request.more_body:
            awaited = request
        else:
            awaited = None
        if awaited is self._awaited:
            return
        self._stop_clock()
        if awaited is not None and self.collector is not None:
            seconds = self.head_seconds if self._in_head else self.collector.body_seconds
            self._deadline = self.loop.call_later(seconds, self._give_up)
            self._awaited = awaited

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._awaited = None

    def _give_up(self) -> None:
        request, self._deadline = self._awaited, None
        if self.transport.is_closing():
            return
        if isinstance(request, DoorRequest) and not request.response_complete:
            self._answer(request, TOO_SLOW)
        else:
            self.transport.close()
