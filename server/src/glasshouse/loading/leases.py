"""Which loader reads which partition: leases that end by themselves when a loader dies.

They spare work, no more: two loaders of one partition load everything twice, and the store
collapses it. So nothing has to wait for a lease to be certain.

A lease is the one message of its subject in a stream that forgets messages after LEASE_SECONDS. It
is taken by a message that is expected to be the first of its subject, and renewed by one that is
expected to follow the last; a loader that is there has a message of its own besides, by which
the others know how many share the partitions.
"""

import secrets
import time
from collections.abc import Callable, Collection, Mapping

from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, Header, StorageType, StreamConfig
from nats.js.errors import APIError

from glasshouse.jetstream import JetStream, JetStreamUnavailableError

LEASE_SECONDS = 8.0
RENEW_SECONDS = 2.0


class Leases:
    """The leases of one loader. Call `renew` every RENEW_SECONDS, from one thread."""

    def __init__(
        self,
        jetstream: JetStream,
        names: Collection[str],
        clock: Callable[[], float] = time.monotonic,
        *,
        group: str = "leases",
    ) -> None:
        """`names` of all there are to share, each a word, among those of the same `group`; `clock`
        in seconds.
        """
        self._jetstream = jetstream
        self._names = sorted(names)
        self._clock = clock
        self._stream = f"{jetstream.address.name}_{group}"
        self._root = f"{jetstream.address.name}.{group}"
        self._loader = secrets.token_hex(8)
        self._sequences: dict[str, int] = {}  # of the message that is our lease, by name
        self._until: dict[str, float] = {}
        self._is_made = False

    def renew(self) -> frozenset[str]:
        """Keep the leases that are ours, give away what is more than our share, take what is free.

        Those that are held now. Does not raise: without NATS, leases end one by one.
        """
        try:
            self._jetstream.call(self._renew())
        except (JetStreamUnavailableError, APIError):
            self._is_made = False  # it may have to be made anew
        return self.held()

    def held(self) -> frozenset[str]:
        now = self._clock()
        return frozenset(name for name, until in self._until.items() if until > now)

    def release(self) -> None:
        """Let others have them at once."""

        async def release() -> None:
            for name in tuple(self._sequences):
                await self._give(name)
            await self._purge(f"loader.{self._loader}")

        try:
            self._jetstream.call(release())
        except (JetStreamUnavailableError, APIError):
            self._sequences.clear()  # they end by themselves
        self._until.clear()

    async def _renew(self) -> None:
        if not self._is_made:
            await self._make()
        await self._say(f"loader.{self._loader}", {})
        for name in tuple(self._sequences):
            await self._take(name)
        taken = await self._taken()
        loaders = sorted(word for kind, word in taken if kind == "loader")
        share = self._share(loaders)
        for name in sorted(self._sequences)[share:]:
            await self._give(name)
        for name in self._names:
            if len(self._sequences) < share and ("lease", name) not in taken:
                await self._take(name)

    def _share(self, loaders: list[str]) -> int:
        """As many as all have, and one of the rest for the first of them."""
        if self._loader not in loaders:
            return len(self._sequences)
        all_have, rest = divmod(len(self._names), len(loaders))
        return all_have + (loaders.index(self._loader) < rest)

    async def _take(self, name: str) -> None:
        """Take or renew a lease, if nobody else has it."""
        started = self._clock()
        last = self._sequences.get(name, 0)
        try:
            sequence = await self._say(
                f"lease.{name}", {Header.EXPECTED_LAST_SUBJECT_SEQUENCE: str(last)}
            )
        except APIError:
            self._sequences.pop(name, None)
            self._until.pop(name, None)
        else:
            self._sequences[name] = sequence
            self._until[name] = started + LEASE_SECONDS

    async def _give(self, name: str) -> None:
        self._sequences.pop(name, None)
        self._until.pop(name, None)
        await self._purge(f"lease.{name}")

    async def _taken(self) -> set[tuple[str, str]]:
        """What there are messages of: ("lease", NAME) and ("loader", WORD)."""
        answer = await self._jetstream.ask(
            f"STREAM.INFO.{self._stream}", {"subjects_filter": f"{self._root}.>"}
        )
        subjects: Mapping[str, int] = answer["state"].get("subjects") or {}
        words = (subject.removeprefix(f"{self._root}.").partition(".") for subject in subjects)
        return {(kind, word) for kind, _, word in words}

    async def _say(self, subject: str, headers: Mapping[str, str]) -> int:
        ack = await self._jetstream.context.publish(
            f"{self._root}.{subject}", self._loader.encode(), headers=dict(headers) or None
        )
        return ack.seq

    async def _purge(self, subject: str) -> None:
        await self._jetstream.context.purge_stream(self._stream, subject=f"{self._root}.{subject}")

    async def _make(self) -> None:
        config = StreamConfig(
            name=self._stream,
            subjects=[f"{self._root}.>"],
            max_msgs_per_subject=1,
            max_age=LEASE_SECONDS,
            discard=DiscardPolicy.OLD,
            # In memory, a server that was killed may never be current again, not even when it is
            # started once more (2.9; 0113): it stays "unavailable" to whoever asks for its health.
            storage=StorageType.FILE,
            num_replicas=self._jetstream.address.replicas,
            duplicate_window=LEASE_SECONDS,
        )
        try:
            await self._jetstream.context.add_stream(config)
        except (APIError, NatsError):
            await self._taken()  # somebody else made it just now, or this says what is wrong
        self._is_made = True
