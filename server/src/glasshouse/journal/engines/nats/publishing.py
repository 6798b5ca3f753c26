"""Appending: to the next partition in turn, and to another one if that one cannot.

A record is acknowledged by JetStream when most of its stream's servers have it. While a stream has
no leader, records go to the others; what was sent and not acknowledged in time may be stored, too,
and the store collapses it. Only when none takes it for PATIENCE seconds the append fails, and
whoever sent the record is told to come back.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from itertools import count

from nats.errors import Error as NatsError
from nats.js.api import Header
from nats.js.errors import NoStreamResponseError

from glasshouse.jetstream import JetStream
from glasshouse.journal.engines.nats.generations import Generation, Generations
from glasshouse.journal.port import JournalBrokenError

ACK_SECONDS = 2.0
PATIENCE = 6.0
ILL_SECONDS = 1.0  # for which a partition that failed is passed over
RETRY_SECONDS = 0.1
HEADER_BYTES = 1024  # that a message's headers and subject may take of `max_payload`


class Partition:
    """One partition as the publisher sees it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.generation: Generation | None = None
        self.ill_until = 0.0
        self.asking = asyncio.Lock()


class Publisher:
    """Used in the connection's loop alone."""

    def __init__(
        self,
        jetstream: JetStream,
        generations: Generations,
        acknowledged: Callable[[float], None],
        first: int = 0,
    ) -> None:
        """`acknowledged` is told how many seconds each took; `first` is begun with."""
        self._jetstream = jetstream
        self._generations = generations
        self._acknowledged = acknowledged
        self._partitions = [Partition(n) for n in range(jetstream.address.partitions)]
        self._turn = count(first)
        self._ids = count()
        self._process = secrets.token_hex(8)

    async def publish(self, payload: bytes) -> None:
        """Raises `JournalBrokenError`: the payload may be stored, or not."""
        name = f"{self._process}-{next(self._ids)}"
        give_up = time.monotonic() + PATIENCE
        while True:
            partition = self._next()
            try:
                await self._publish(partition, payload, name)
            except (TimeoutError, NatsError, OSError) as error:
                partition.ill_until = time.monotonic() + ILL_SECONDS
                partition.generation = None  # it may have ended
                if time.monotonic() >= give_up:
                    raise JournalBrokenError(
                        f"no stream took it in {PATIENCE:g} s: {type(error).__name__}: {error}"
                    ) from None
                if all(each.ill_until > time.monotonic() for each in self._partitions):
                    await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _publish(self, partition: Partition, payload: bytes, name: str) -> None:
        generation = await self._generation(partition, but=None)
        try:
            await self._send(generation, payload, name)
        except NoStreamResponseError:
            # Nothing was stored. The stream has ended, or it has no leader.
            following = await self._generation(partition, but=generation)
            if following == generation:
                raise
            await self._send(following, payload, name)

    async def _generation(self, partition: Partition, but: Generation | None) -> Generation:
        """The one to append to; JetStream is asked if none is known but that one."""
        async with asyncio.timeout(ACK_SECONDS), partition.asking:
            if partition.generation in (None, but):
                partition.generation = await self._generations.newest(partition.number)
            return partition.generation

    async def _send(self, generation: Generation, payload: bytes, name: str) -> None:
        started = time.perf_counter()
        await self._jetstream.context.publish(
            self._generations.subject(generation),
            payload,
            timeout=ACK_SECONDS,
            headers={Header.MSG_ID: name},
        )
        self._acknowledged(time.perf_counter() - started)

    def _next(self) -> Partition:
        """The next one in turn that is not ill, or that will be well first."""
        now = time.monotonic()
        for _ in self._partitions:
            partition = self._partitions[next(self._turn) % len(self._partitions)]
            if partition.ill_until <= now:
                return partition
        return min(self._partitions, key=lambda each: each.ill_until)
