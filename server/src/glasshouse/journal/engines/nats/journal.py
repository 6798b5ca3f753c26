"""A journal in streams of NATS JetStream: any number of collectors append, a loader reads a part.

Records are spread over partitions, each a row of streams (`generations.py`). Position: `segment` is
the generation's number, `offset` the sequence in its stream. What a position means is the same for
every process, so that a loader goes on where another one stopped.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from nats.js.errors import APIError, NotFoundError

from glasshouse.jetstream import JetStream, JetStreamUnavailableError
from glasshouse.jetstream.cursor import Fetched
from glasshouse.journal.engines.nats.generations import Generation, Generations
from glasshouse.journal.engines.nats.publishing import (
    ACK_SECONDS,
    HEADER_BYTES,
    PATIENCE,
    Publisher,
)
from glasshouse.journal.engines.nats.reading import Reader
from glasshouse.journal.engines.nats.splitting import split
from glasshouse.journal.port import Damage, JournalBrokenError, ReportDamage, Syncs
from glasshouse.journal.tickets import Ticket, settle
from glasshouse.journal.watching import DiskWatch
from glasshouse.model import Position
from glasshouse.notices import Notice, tell

MOST_IN_FLIGHT = 64 * 1024 * 1024  # bytes that wait for their acknowledgement
FETCH_BYTES = 8 * 1024 * 1024
# Longer than a publisher waits for an acknowledgement: then nothing can be in flight any more that
# would still be acknowledged to anybody.
SETTLE_SECONDS = ACK_SECONDS + 0.5
TRIM_SECONDS = 60.0
BEHIND_SECONDS = 10.0  # for which a reader waits for what is known to be there

Result = TypeVar("Result")


class NatsJournal:
    """See `Journal`. Appends come from any event loop, to all partitions; `read`, `roll` and
    `trim` are of one partition.
    """

    def __init__(
        self,
        jetstream: JetStream,
        *,
        partition: int = 0,
        floor: Position,
        report: ReportDamage,
        most_in_flight: int = MOST_IN_FLIGHT,
        stream_bytes: int = -1,
    ) -> None:
        """`jetstream` stays its owner's. Raises `JournalBrokenError`.

        `stream_bytes`: the most that one stream may hold; -1 for no limit but the servers'.
        """
        self._jetstream = jetstream
        self._partition = partition
        self._report = report
        self._damages: list[Damage] = []
        self._generations = Generations(jetstream, stream_bytes)
        self._watch = DiskWatch()
        self._publisher = Publisher(jetstream, self._generations, self._watch.synced, partition)
        self._most_in_flight = most_in_flight
        self._most_payload = jetstream.most_payload - HEADER_BYTES
        self._in_flight = 0
        self._lock = threading.Lock()
        self._queue: deque[tuple[bytes, Ticket | None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: list[tuple[Ticket | None, JournalBrokenError | None]] = []
        self._cursor: Reader | None = None  # the last read's, at its end
        self._known_end = Position(0, 0)  # read on until here, whatever a server says that lags
        self._ended: dict[Generation, float] = {}
        self._size = 0
        self._call(self._begin(floor), TRIM_SECONDS)

    def append(self, payload: bytes) -> asyncio.Future[None]:
        ticket: Ticket = asyncio.get_running_loop().create_future()
        if not self._submit(payload, ticket):
            ticket.set_exception(
                JournalBrokenError(f"more than {self._most_in_flight} bytes wait for NATS")
            )
        return ticket

    def note(self, payload: bytes) -> None:
        self._submit(payload, None)

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        with self._lock:
            cursor, self._cursor = self._cursor, None
        taken, position = 0, after
        try:
            while taken < limit:
                if cursor is None or not cursor.waiting:
                    cursor = self._call(self._fetched(cursor, position, begun=taken > 0))
                if cursor is None or not cursor.waiting:
                    return
                fetched = cursor.waiting.popleft()
                generation = cursor.generation
                for each in (*self._between(position, generation, fetched), fetched):
                    position = Position(generation.number, each.sequence)
                    taken += len(each.payload)
                    yield each.payload, position
        finally:
            self._keep(cursor, position)

    def roll(self) -> Position:
        return self._call(self._roll(), TRIM_SECONDS)

    def trim(self, before: Position) -> None:
        self._call(self._trim(before), TRIM_SECONDS)

    def damages(self) -> list[Damage]:
        return list(self._damages)

    def size(self) -> int:
        """Of the partition, on each of the servers that hold it; the last known if none answers."""
        with contextlib.suppress(JournalBrokenError):
            self._size = self._call(self._counted())
        return self._size

    def syncs(self) -> Syncs:
        """How long acknowledgements take."""
        return self._watch.syncs()

    def close(self) -> None:
        """Wait for what is in flight. The connection stays open."""
        give_up = time.monotonic() + PATIENCE + ACK_SECONDS
        while self._in_flight and time.monotonic() < give_up:
            time.sleep(0.01)
        with self._lock:
            cursor, self._cursor = self._cursor, None
        if cursor is not None:
            self._jetstream.start(cursor.close())

    # Appending

    def _submit(self, payload: bytes, ticket: Ticket | None) -> bool:
        with self._lock:
            if self._in_flight + len(payload) > self._most_in_flight:
                return False
            self._in_flight += len(payload)
            self._queue.append((payload, ticket))
            is_first = len(self._queue) == 1
        if is_first and not self._jetstream.submit(self._drain):
            self._drain_closed()
        return True

    def _drain(self) -> None:
        """In the connection's loop: send what is waiting."""
        while True:
            with self._lock:
                if not self._queue:
                    return
                group = list(self._queue)
                self._queue.clear()
            for payload, ticket in group:
                task = asyncio.get_running_loop().create_task(self._deliver(payload, ticket))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _drain_closed(self) -> None:
        with self._lock:
            group = list(self._queue)
            self._queue.clear()
            self._in_flight -= sum(len(payload) for payload, _ in group)
        failure = JournalBrokenError("the connection to NATS is closed")
        settle([ticket for _, ticket in group if ticket is not None], failure)

    async def _deliver(self, payload: bytes, ticket: Ticket | None) -> None:
        failure: JournalBrokenError | None = None
        try:
            for part in split(payload, self._most_payload):
                await self._publisher.publish(part)
        except JournalBrokenError as error:
            failure = error
            self._watch.failed(error)
        except BaseException as error:
            failure = JournalBrokenError(f"not appended: {type(error).__name__}")
            raise
        finally:
            with self._lock:
                self._in_flight -= len(payload)
            if ticket is not None:
                if not self._settled:
                    asyncio.get_running_loop().call_soon(self._settle)
                self._settled.append((ticket, failure))

    def _settle(self) -> None:
        """All that came in one turn of the loop at once: one wake-up of whoever waits."""
        settled, self._settled = self._settled, []
        settle([ticket for ticket, failure in settled if ticket and failure is None], None)
        for ticket, failure in settled:
            if ticket is not None and failure is not None:
                settle([ticket], failure)

    # Reading

    async def _fetched(
        self, cursor: Reader | None, position: Position, *, begun: bool
    ) -> Reader | None:
        """A cursor behind `position` with records waiting, or without if there are none.

        A read does not go from one generation into the next: `trim` has to see each one's end.
        """
        give_up = time.monotonic() + BEHIND_SECONDS
        while True:
            if cursor is None or cursor.place != position:
                if cursor is not None:
                    await cursor.close()
                cursor = await self._opened(position)
                if cursor is None:
                    return None
            try:
                await cursor.fetch(FETCH_BYTES)
            except (TimeoutError, NatsError):
                # Its server is gone, perhaps. One more try with a new one.
                await cursor.close()
                cursor = await self._opened(position)
                if cursor is None:
                    return None
                await cursor.fetch(FETCH_BYTES)
            if cursor.waiting or begun:
                return cursor
            following = await self._following(cursor)
            if following is not None:
                await cursor.close()
                cursor = await self._open(following, 0)
                position = cursor.place
            elif cursor.place < self._known_end and time.monotonic() < give_up:
                await asyncio.sleep(0.05)
            else:
                return cursor

    async def _opened(self, position: Position) -> Reader | None:
        """A cursor behind a position: in its generation, or at the start of the next that is."""
        for generation in await self._generations.all_of(self._partition):
            if generation.number >= position.segment:
                is_same = generation.number == position.segment
                return await self._open(generation, position.offset if is_same else 0)
        return None

    async def _open(self, generation: Generation, after: int) -> Reader:
        cursor = Reader(self._jetstream, generation, self._generations.stream(generation), after)
        await cursor.open()
        return cursor

    async def _following(self, cursor: Reader) -> Generation | None:
        """The next generation, if the cursor's has ended and it has been read to the end."""
        later = [
            each
            for each in await self._generations.all_of(self._partition)
            if each > cursor.generation
        ]
        if not later:
            return None
        facts = await self._generations.facts(cursor.generation)
        if facts is None:
            return later[0]
        if self._generations.is_open(cursor.generation, facts):
            return None
        return later[0] if facts.state.last_seq <= cursor.after else None

    def _keep(self, cursor: Reader | None, position: Position) -> None:
        """For the next read, if it goes on where this one ended."""
        if cursor is None:
            return
        with self._lock:
            if cursor.is_at(position):
                cursor, self._cursor = self._cursor, cursor
        if cursor is not None:
            self._jetstream.start(cursor.close())

    def _between(
        self, before: Position, generation: Generation, fetched: Fetched
    ) -> Sequence[Fetched]:
        """Records that lie before this one and did not come, although nobody has trimmed them.

        A consumer lives on one server. One that was away gives what it has while it catches up,
        and passes over what it has not: the stream's leader has it.
        """
        first = before.offset + 1 if before.segment == generation.number else 1
        if fetched.sequence == first:
            return ()
        found = self._call(self._from_leader(generation, first, fetched.sequence), TRIM_SECONDS)
        missing = fetched.sequence - first - len(found)
        if missing and first > 1:  # of a stream that is begun in its middle it is nothing strange
            where = f"{missing} records are not there"
            damage = Damage(generation.number, first, 0, where)
            self._damages.append(damage)
            self._report(damage)
        return found

    async def _from_leader(self, generation: Generation, first: int, before: int) -> list[Fetched]:
        """What the leader has of these sequences."""
        facts = await self._generations.facts(generation)
        if facts is None:
            return []
        found = []
        for sequence in range(max(first, facts.state.first_seq), before):
            try:
                message = await self._jetstream.context.get_msg(
                    self._generations.stream(generation), sequence
                )
            except NotFoundError:
                continue
            found.append(Fetched(sequence, message.data or b""))
        return found

    # Generations

    async def _begin(self, floor: Position) -> None:
        """Room for what comes behind `floor`, even if the streams were lost."""
        for partition in range(self._jetstream.address.partitions):
            if partition != self._partition:
                await self._generations.newest(partition)
        newest = await self._generations.newest(self._partition, floor.segment + 1)
        facts = await self._generations.facts(newest)
        if newest.number > floor.segment or facts is None:
            return
        if newest.number < floor.segment or facts.state.last_seq < floor.offset:
            # Made anew behind our back. What is in it has not been loaded.
            await self._generations.begin(Generation(self._partition, floor.segment + 1))
            await self._retire(newest, read=0)

    async def _roll(self) -> Position:
        newest = await self._generations.newest(self._partition)
        await self._generations.begin(Generation(self._partition, newest.number + 1))
        await self._generations.end(newest)
        self._ended[newest] = time.monotonic()
        facts = await self._generations.facts(newest)
        end = Position(newest.number, facts.state.last_seq if facts is not None else 0)
        self._known_end = max(self._known_end, end)
        tell(Notice.ROLLED, segment=newest.number + 1)
        return end

    async def _trim(self, before: Position) -> None:
        found = await self._generations.all_of(self._partition)
        for generation in found[:-1]:
            if generation.number > before.segment:
                break
            facts = await self._generations.facts(generation)
            if facts is None:
                continue
            read = before.offset if generation.number == before.segment else 0
            if generation.number == before.segment and facts.state.last_seq > read:
                await self._purge(generation, facts, read)
            else:
                await self._retire(generation, read)
        for generation in found[-1:]:
            facts = await self._generations.facts(generation)
            if facts is not None and generation.number == before.segment:
                await self._purge(generation, facts, before.offset)

    async def _purge(self, generation: Generation, facts: StreamInfo, read: int) -> None:
        if facts.state.messages and facts.state.first_seq <= read:
            await self._generations.purge(generation, read)

    async def _retire(self, generation: Generation, read: int) -> None:
        """Delete its stream; what is in it behind `read` goes into the newest one first."""
        since = time.monotonic() - self._ended.get(generation, float("inf"))
        wait = SETTLE_SECONDS - max(0.0, since)
        facts = await self._generations.settled(generation, max(0.0, wait))
        if facts is None:
            return
        if facts.state.messages and facts.state.last_seq > read:
            cursor = await self._open(generation, read)
            while await cursor.fetch(FETCH_BYTES):
                while cursor.waiting:
                    await self._publisher.publish(cursor.waiting.popleft().payload)
            await cursor.close()
        await self._generations.delete(generation)
        self._ended.pop(generation, None)
        tell(Notice.TRIMMED, segments=1, bytes=facts.state.bytes)

    async def _counted(self) -> int:
        found = [
            await self._generations.facts(each)
            for each in await self._generations.all_of(self._partition)
        ]
        return sum(facts.state.bytes for facts in found if facts is not None)

    def _call(self, work: Coroutine[Any, Any, Result], seconds: float = 30.0) -> Result:
        try:
            return self._jetstream.call(work, seconds)
        except (JetStreamUnavailableError, APIError) as error:
            raise JournalBrokenError(f"NATS: {error}") from None
