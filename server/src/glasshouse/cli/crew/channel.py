"""What the first process and a member say to each other: frames over a pair of sockets.

    kind 1 | number 8 | length 4 | content        little-endian

Records are numbered by the member; the answer to one bears its number. A frame is either whole or
its sender is gone: then the channel is closed, and nothing that was not answered counts.
"""

import asyncio
import enum
import struct
from collections.abc import Callable
from typing import cast

import msgspec

from glasshouse.collector.pace import Spent
from glasshouse.collector.quarantine import Changes

HEAD = struct.Struct("<BQI")


class Kind(enum.IntEnum):
    # From a member.
    APPEND = 1  # a record; answered once it is synced
    NOTE = 2  # a record that nobody waits for
    REPORT = 3  # a Report
    CAUGHT_UP = 4  # knows the catalogue of the version that is its number
    # To a member.
    SYNCED = 11  # the record of this number survives a power cut
    FAILED = 12  # it does not
    POST = 13  # a Post, the first frame of all
    CATALOGUE = 14  # the catalogue has changed; its number is the version
    SPENT = 15  # a Spent: what the others let in


class Post(msgspec.Struct, frozen=True):
    """What a member has to know to serve the doors. `first` is the first process' address."""

    collector: int
    data: str
    server_key: bytes
    trusted_proxies: tuple[str, ...]
    in_flight_bytes: int
    items_per_second: float
    log_format: str
    first: str
    country_database: str | None = None
    regions: str | None = None


class Report(msgspec.Struct, frozen=True):
    """What happened at a member since its last report; `in_flight` is now."""

    in_flight: int
    spent: Spent
    changes: Changes
    answers: list[tuple[str, int, int]] = []  # door, status, how many
    sent_away: list[tuple[str, str, int]] = []  # product, door, how many


Receive = Callable[[Kind, int, bytes], None]


class Channel(asyncio.Protocol):
    """One end. What is sent within one turn of the loop leaves in one write."""

    def __init__(self, receive: Receive, lost: Callable[[], None]) -> None:
        self._receive = receive
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._rest = bytearray()
        self._waiting: list[bytes] = []

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, kind: Kind, number: int = 0, content: bytes = b"") -> None:
        """Without effect once the other end is gone."""
        if not self.is_open:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting += (HEAD.pack(kind, number, len(content)), content)

    def close(self) -> None:
        if self._transport is not None:
            self._write()
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's do not say so

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost()

    def data_received(self, data: bytes) -> None:
        self._rest += data
        start, end = 0, len(self._rest)
        view = memoryview(self._rest)
        frames = []
        while end - start >= HEAD.size:
            kind, number, size = HEAD.unpack_from(view, start)
            stop = start + HEAD.size + size
            if stop > end:
                break
            frames.append((Kind(kind), number, bytes(view[start + HEAD.size : stop])))
            start = stop
        view.release()
        del self._rest[:start]
        for frame in frames:
            self._receive(*frame)

    def _write(self) -> None:
        if self._waiting and self._transport is not None:
            self._transport.writelines(self._waiting)
        self._waiting.clear()
