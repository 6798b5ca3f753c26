"""Reading a stream from a sequence, many records at a time."""

import contextlib
import json
from collections import deque
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header

from glasshouse.jetstream.connection import JetStream

FETCH_MESSAGES = 512
FETCH_SECONDS = 2.0
IDLE_SECONDS = 60.0  # after which a server forgets a consumer that nobody asks


@dataclass(frozen=True, slots=True)
class Fetched:
    """A record and its sequence in the stream."""

    sequence: int
    payload: bytes


class Cursor:
    """A consumer of one stream that takes no acknowledgements. In the connection's loop.

    It lives on one server; when that is gone, or its stream, `fetch` raises and another is made.
    """

    def __init__(self, jetstream: JetStream, stream: str, after: int) -> None:
        self._jetstream = jetstream
        self._stream = stream
        self.after = after  # the sequence of the last record that was fetched
        self.waiting: deque[Fetched] = deque()  # fetched, and not taken yet
        self._consumer: str | None = None
        self._delivered = 0  # how many it has sent

    async def open(self) -> None:
        """Raises `NotFoundError` if there is no such stream."""
        facts = await self._jetstream.context.add_consumer(
            self._stream,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self.after + 1,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=IDLE_SECONDS,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        self._consumer = facts.name
        self._inbox = self._jetstream.client.new_inbox()
        self._messages = await self._jetstream.client.subscribe(self._inbox)

    async def fetch(self, most_bytes: int) -> bool:
        """Have the next records wait, about so many bytes; whether there were any."""
        size = 0
        while size < most_bytes:
            part, is_end = await self._fetch(most_bytes - size)
            self.waiting += part
            size += sum(len(each.payload) for each in part)
            if is_end:
                break
        return bool(self.waiting)

    async def _fetch(self, most_bytes: int) -> tuple[list[Fetched], bool]:
        # A record may be as large as a message; one that is not sent for its size would never be.
        room = max(most_bytes, self._jetstream.most_payload + 1024)
        await self._jetstream.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            json.dumps({"batch": FETCH_MESSAGES, "max_bytes": room, "no_wait": True}).encode(),
            reply=self._inbox,
        )
        fetched: list[Fetched] = []
        # That nothing is pending behind a record says nothing: more may be sent for this request
        # until its status comes, or as many as were asked for.
        while len(fetched) < FETCH_MESSAGES:
            message = await self._messages.next_msg(FETCH_SECONDS)
            status = (message.headers or {}).get(Header.STATUS)
            if status is not None and not message.data:
                if status in ("404", "408"):  # nothing more is there now
                    return fetched, True
                if status == "409" and fetched:  # the next one goes beyond the bytes
                    return fetched, False
                raise ReadingFailedError(f"the consumer says {status}")
            self._check(message)
            self.after = message.metadata.sequence.stream
            fetched.append(Fetched(self.after, message.data))
        return fetched, False

    def _check(self, message: Msg) -> None:
        """What was sent and did not come must not be passed over."""
        delivered = message.metadata.sequence.consumer
        if delivered != self._delivered + 1:
            raise ReadingFailedError(f"found delivery {delivered}, expected {self._delivered + 1}")
        self._delivered = delivered

    async def close(self) -> None:
        """A server forgets by itself what cannot be told to it."""
        if self._consumer is None:
            return
        consumer, self._consumer = self._consumer, None
        with contextlib.suppress(NatsError, TimeoutError):
            await self._messages.unsubscribe()
            await self._jetstream.context.delete_consumer(self._stream, consumer)


class ReadingFailedError(NatsError):
    """A consumer that is not there any more, or cannot go on."""
