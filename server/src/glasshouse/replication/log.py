"""The log of changes: a stream of NATS JetStream in which every entry expects the one before it.

When it has grown long, or bytes have to go, it is sealed by a last entry and goes on in a stream of
the next number, which begins with the whole state. Whoever has read the sealed entry can write that
state, and whoever writes it writes the same; the old stream is deleted when the new one is
complete. Who wrote to the old one in vain finds out: nothing comes behind its seal.
"""

import re
from dataclasses import dataclass, replace

from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, Header, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from glasshouse.jetstream import Cursor, JetStream
from glasshouse.replication.entries import Complete, Entry, decode, encode

WRONG_LAST_SEQUENCE = 10071
ACK_SECONDS = 2.0
DUPLICATE_SECONDS = 60.0
FETCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Behind this entry, of the stream of this number."""

    stream: int
    sequence: int


class Log:
    """All methods are called in the connection's loop."""

    def __init__(self, jetstream: JetStream) -> None:
        self._jetstream = jetstream
        self._name = jetstream.address.name
        self._pattern = re.compile(rf"{re.escape(self._name)}_state_(\d+)\Z")
        self._cursor: Cursor | None = None
        self._cursor_of = 0  # the number of its stream

    async def streams(self) -> list[int]:
        """The numbers of those that are there, ascending."""
        answer = await self._jetstream.ask("STREAM.NAMES", {"subject": f"{self._name}.state.*"})
        matches = filter(None, map(self._pattern.match, answer.get("streams") or []))
        return sorted(int(match[1]) for match in matches)

    async def begin(self, stream: int) -> None:
        """Make it, unless it is there."""
        config = StreamConfig(
            name=self._stream(stream),
            subjects=[f"{self._name}.state.{stream}"],
            discard=DiscardPolicy.NEW,
            storage=StorageType.FILE,
            num_replicas=self._jetstream.address.replicas,
            duplicate_window=DUPLICATE_SECONDS,
        )
        try:
            await self._jetstream.context.add_stream(config)
        except APIError:
            if stream not in await self.streams():
                raise

    async def delete(self, stream: int) -> None:
        try:
            await self._jetstream.context.delete_stream(self._stream(stream))
        except NotFoundError:
            return

    async def add(self, entry: Entry, after: Place) -> bool:
        """Add an entry behind this place; False if another one is there.

        Raises errors of NATS: it may have been added.
        """
        headers: dict[str, str] = {Header.EXPECTED_LAST_SEQUENCE: str(after.sequence)}
        try:
            ack = await self._jetstream.context.publish(
                f"{self._name}.state.{after.stream}",
                encode(entry),
                timeout=ACK_SECONDS,
                stream=self._stream(after.stream),
                headers=headers,
            )
        except APIError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                return False
            raise
        return ack.seq == after.sequence + 1

    async def end(self, stream: int) -> int:
        """The sequence of the last entry that the stream's leader has: of all that was
        acknowledged. Raises `NotFoundError` without that stream.
        """
        return (await self._jetstream.context.stream_info(self._stream(stream))).state.last_seq

    async def read(self, after: Place, end: int = 0) -> list[tuple[Entry, Place]]:
        """The entries behind a place that are there, at least those up to `end`.

        Raises `NotFoundError` without its stream.
        """
        try:
            cursor = await self._fetched(after)
        except NotFoundError:
            raise
        except (NatsError, TimeoutError):
            await self.close()  # its server is gone, perhaps
            cursor = await self._fetched(after)
        found: list[tuple[Entry, Place]] = []
        for each in cursor.waiting:
            # A cursor lives on one server. While that one catches up with the others it passes over
            # what it has not, or says that there is nothing more; the stream's leader has it.
            found += await self._asked(after, each.sequence - 1)
            after = replace(after, sequence=max(after.sequence, each.sequence - 1))
            if each.sequence > after.sequence:
                after = replace(after, sequence=each.sequence)
                found.append((decode(each.payload), after))
        cursor.waiting.clear()
        return found + await self._asked(after, end)

    async def completed_at(self, stream: int) -> int | None:
        """The sequence up to which a stream holds the whole state; None if that is not there."""
        log = Log(self._jetstream)
        place = Place(stream, 0)
        try:
            while entries := await log.read(place):
                for entry, place in entries:
                    if any(isinstance(change, Complete) for change in entry.changes):
                        return place.sequence
        except NotFoundError:
            return None
        finally:
            await log.close()
        return None

    async def close(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            await cursor.close()

    async def _fetched(self, after: Place) -> Cursor:
        """The cursor, perhaps with some entries that come before."""
        # It may be behind `after`, which is a place that our own entries have moved on.
        fits = self._cursor_of == after.stream
        if self._cursor is None or not fits or self._cursor.after > after.sequence:
            await self.close()
            cursor = Cursor(self._jetstream, self._stream(after.stream), after.sequence)
            await cursor.open()
            self._cursor, self._cursor_of = cursor, after.stream
        await self._cursor.fetch(FETCH_BYTES)
        return self._cursor

    async def _asked(self, after: Place, end: int) -> list[tuple[Entry, Place]]:
        """The entries behind a place up to `end`, one by one of the stream's leader."""
        found: list[tuple[Entry, Place]] = []
        for sequence in range(after.sequence + 1, end + 1):
            message = await self._jetstream.context.get_msg(self._stream(after.stream), sequence)
            found.append((decode(message.data or b""), replace(after, sequence=sequence)))
        return found

    def _stream(self, number: int) -> str:
        return f"{self._name}_state_{number}"
