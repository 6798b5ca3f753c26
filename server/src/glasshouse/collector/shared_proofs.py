"""Proofs of instances for several collectors: verifiers in a stream of NATS JetStream.

A verifier is the one message of its subject, which is the instance's keyed hash; the first one is
taken because it is expected to be the first. What is remembered is believed for BELIEVED_SECONDS,
so for so long another collector may take what was just registered, buried or erased here; what was
made before an erasure does not get past a loader in any case.
"""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from nats.js.api import DiscardPolicy, Header, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from glasshouse.collector.proofs import BURIED, Proofs, ProofsUnavailableError
from glasshouse.jetstream import JetStream, JetStreamUnavailableError

# The doors' event loop waits so long at most, and then for a while not at all.
ANSWER_SECONDS = 1.0
REST_SECONDS = 1.0
ERASE_SECONDS = 30.0
WRONG_LAST_SEQUENCE = 10071


class SharedProofs(Proofs):
    """See `Proofs`. Used by one thread."""

    def __init__(
        self,
        jetstream: JetStream,
        server_key: bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `ProofsUnavailableError`."""
        self._jetstream = jetstream
        self._stream = f"{jetstream.address.name}_proofs"
        self._rest_until = float("-inf")
        self._epoch = 0
        try:
            jetstream.call(self._made())
        except (JetStreamUnavailableError, APIError) as error:
            raise ProofsUnavailableError(str(error)) from None
        self._remember_nothing(server_key, clock)

    def take(self, name: bytes, verifier: bytes) -> None:
        """Of another installation's that is moved here; one that is there stays as it is."""
        if self._add(name, verifier) is None:
            raise ProofsUnavailableError("NATS did not answer")

    def close(self) -> None:
        """The connection is its owner's."""

    def _asked_data_version(self) -> int:
        """Another one at each question: what is remembered is not believed for longer."""
        self._epoch += 1
        return self._epoch

    def _read(self, name: bytes) -> bytes | None:
        if self._clock() < self._rest_until:
            raise ProofsUnavailableError("NATS did not answer just now")
        try:
            return self._jetstream.call(self._found(name), ANSWER_SECONDS)
        except (JetStreamUnavailableError, APIError) as error:
            self._rest_until = self._clock() + REST_SECONDS
            raise ProofsUnavailableError(type(error).__name__) from None

    def _add(self, name: bytes, verifier: bytes) -> bool | None:
        try:
            self._jetstream.call(self._put(name, verifier, is_first=True), ANSWER_SECONDS)
        except APIError as error:
            return False if error.err_code == WRONG_LAST_SEQUENCE else None
        except JetStreamUnavailableError:
            self._rest_until = self._clock() + REST_SECONDS
            return None
        return True

    def _bury(self, name: bytes) -> None:
        async def bury() -> None:
            await self._delete(name)
            await self._put(name, BURIED, is_first=False)

        self._surely(bury())

    def _erase(self, names: list[bytes]) -> None:
        async def erase() -> None:
            for name in names:
                await self._delete(name)

        self._surely(erase())

    def _surely(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self._jetstream.call(work, ERASE_SECONDS)
        except (JetStreamUnavailableError, APIError) as error:
            raise ProofsUnavailableError(f"NATS: {error}") from None

    async def _found(self, name: bytes) -> bytes | None:
        try:
            # From the stream's leader: another server might not have the newest yet.
            message = await self._jetstream.context.get_last_msg(self._stream, self._subject(name))
        except NotFoundError:
            return None
        return message.data or b""

    async def _put(self, name: bytes, verifier: bytes, *, is_first: bool) -> None:
        headers = {Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: "0"} if is_first else None
        await self._jetstream.context.publish(self._subject(name), verifier, headers=headers)

    async def _delete(self, name: bytes) -> None:
        """JetStream writes over the bytes of a message that is deleted by its sequence."""
        try:
            found = await self._jetstream.context.get_last_msg(self._stream, self._subject(name))
            await self._jetstream.context.delete_msg(self._stream, found.seq or 0)
        except NotFoundError:
            return

    def _subject(self, name: bytes) -> str:
        return f"{self._jetstream.address.name}.proofs.{name.hex()}"

    async def _made(self) -> None:
        config = StreamConfig(
            name=self._stream,
            subjects=[f"{self._jetstream.address.name}.proofs.*"],
            max_msgs_per_subject=1,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            num_replicas=self._jetstream.address.replicas,
        )
        try:
            await self._jetstream.context.add_stream(config)
        except APIError:
            await self._jetstream.ask(f"STREAM.INFO.{self._stream}")  # somebody else has made it
