"""The streams of a partition: one after the other, so that all bytes of an old one can go.

JetStream forgets messages at once, and their bytes when it pleases: blocks and Raft logs keep them.
Only a deleted stream leaves nothing behind, on any server. So `roll` begins a stream of the next
number, a generation, and ends the one before by taking its subject away; once all of it is
loaded it is deleted. A generation's name and subject hold its number:

    glasshouse_journal_0_7    glasshouse.journal.0.7.open, then glasshouse.journal.0.7.ended

Whatever is still found in a stream that is to go is put into the newest one first. Twice in the
journal is harmless, lost is not.
"""

import asyncio
import re
from dataclasses import dataclass

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from glasshouse.jetstream import JetStream

DUPLICATE_SECONDS = 60.0  # in which a message of the same id is not stored twice


@dataclass(frozen=True, slots=True, order=True)
class Generation:
    """A stream of a partition. Older ones have lower numbers."""

    partition: int
    number: int


class Generations:
    """The streams of one installation's journal. Methods are called in the connection's loop."""

    def __init__(self, jetstream: JetStream, most_bytes: int = -1) -> None:
        """`most_bytes`: of a stream; then appends fail, and nothing is dropped. -1: no limit."""
        self._jetstream = jetstream
        self._name = jetstream.address.name
        self._most_bytes = most_bytes
        self._pattern = re.compile(rf"{re.escape(self._name)}_journal_(\d+)_(\d+)\Z")

    def stream(self, generation: Generation) -> str:
        return f"{self._name}_journal_{generation.partition}_{generation.number}"

    def subject(self, generation: Generation, state: str = "open") -> str:
        return f"{self._name}.journal.{generation.partition}.{generation.number}.{state}"

    async def all_of(self, partition: int) -> list[Generation]:
        """Those that are there, oldest first."""
        names: list[str] = []
        while True:
            answer = await self._jetstream.ask(
                "STREAM.NAMES",
                {"subject": f"{self._name}.journal.{partition}.>", "offset": len(names)},
            )
            page = answer.get("streams") or []
            names += page
            if not page or len(names) >= int(answer.get("total") or 0):
                break
        matches = filter(None, map(self._pattern.match, names))
        found = (Generation(int(match[1]), int(match[2])) for match in matches)
        return sorted(each for each in found if each.partition == partition)

    async def newest(self, partition: int, least: int = 1) -> Generation:
        """The one that is appended to; begun, with this number, if there is none."""
        found = await self.all_of(partition)
        return found[-1] if found else await self.begin(Generation(partition, least))

    async def begin(self, generation: Generation) -> Generation:
        """Make its stream, unless it is there."""
        config = StreamConfig(
            name=self.stream(generation),
            subjects=[self.subject(generation)],
            retention=RetentionPolicy.LIMITS,
            # What is acknowledged is never dropped for what comes: the append fails instead.
            discard=DiscardPolicy.NEW,
            max_bytes=self._most_bytes,
            max_age=0,
            storage=StorageType.FILE,
            num_replicas=self._jetstream.address.replicas,
            duplicate_window=DUPLICATE_SECONDS,
        )
        try:
            await self._jetstream.context.add_stream(config)
        except APIError:
            # Somebody else has begun it, perhaps with another limit.
            if await self.facts(generation) is None:
                raise
        return generation

    async def end(self, generation: Generation) -> None:
        """Take its subject away, so that nothing is appended any more."""
        facts = await self.facts(generation)
        if facts is None or not self.is_open(generation, facts):
            return
        facts.config.subjects = [self.subject(generation, "ended")]
        await self._jetstream.context.update_stream(facts.config)

    async def facts(self, generation: Generation) -> StreamInfo | None:
        """What JetStream says of its stream; None if it is not there."""
        try:
            return await self._jetstream.context.stream_info(self.stream(generation))
        except NotFoundError:
            return None

    def is_open(self, generation: Generation, facts: StreamInfo) -> bool:
        return self.subject(generation) in (facts.config.subjects or ())

    async def purge(self, generation: Generation, up_to: int) -> None:
        """Forget its records up to this sequence."""
        try:
            await self._jetstream.context.purge_stream(self.stream(generation), seq=up_to + 1)
        except NotFoundError:
            return

    async def delete(self, generation: Generation) -> None:
        try:
            await self._jetstream.context.delete_stream(self.stream(generation))
        except NotFoundError:
            return

    async def settled(self, generation: Generation, seconds: float) -> StreamInfo | None:
        """Its facts when nothing can be in flight any more: it was ended so many seconds ago."""
        await self.end(generation)
        await asyncio.sleep(seconds)
        return await self.facts(generation)
