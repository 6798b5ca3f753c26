"""One request at a door: room is taken, the body comes, the steps go over it, the record is synced.

Whoever speaks HTTP drives it: `connections.py` on the hot route, `app.py` for any ASGI server.

    handover = reception.handover(…)   with a reply, if the request is sent away unread
    handover.take(part)                for each part of the body; a reply, if it is too large
    handover.settle(answer)            the body is whole; `answer` is called once, with the reply
    handover.leave(reply)              in any case, at the end
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from glasshouse.collector.addresses import peer_of
from glasshouse.collector.bodies import largest_body, too_large
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Door, Reply
from glasshouse.collector.pace import TooFastError
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.proofs import ProofsUnavailableError
from glasshouse.collector.quarantine import Quarantine
from glasshouse.collector.recording import record_of, record_of_refusal
from glasshouse.collector.steps import STEPS
from glasshouse.journal import Appendable
from glasshouse.notices import place_of

BUSY_SECONDS = 2
BROKEN_SECONDS = 10

RawHeaders = Sequence[tuple[bytes, bytes]]
Client = tuple[str, int] | None
Answer = Callable[[Reply], None]


class Reception:
    """What all handovers share: the desk, the journal, and how many bytes are being worked on."""

    def __init__(
        self,
        desk: Desk,
        journal: Appendable,
        most_in_flight: int,
        quarantine: Quarantine,
        report: Callable[[str], None],
    ) -> None:
        """`report` is told of defects, without anything that a client sent."""
        self.desk = desk
        self.journal = journal
        self.quarantine = quarantine
        self.report = report
        self.most_in_flight = most_in_flight
        self.in_flight = 0  # bytes of bodies
        # Requests told to come back, by product and door, since the start. Nothing of them was
        # taken, so they are no outcome of an item: their clients send them again.
        self.sent_away: Counter[tuple[str, str]] = Counter()
        # Answers since the start, by door and status.
        self.answers: Counter[tuple[str, int]] = Counter()

    def handover(
        self, door: Door, path: str, query: bytes, raw_headers: RawHeaders, client: Client
    ) -> "Handover":
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
        parcel = Parcel(
            door=door.name,
            path=path,
            query=query.decode("latin-1"),
            headers=headers,
            body=b"",
            peer=peer_of(client, headers, self.desk.trusted_proxies),
            received_at=self.desk.clock(),
        )
        return Handover(self, door, parcel)


class Handover:
    """See above. `reply` is the answer, once it is known before the body is whole."""

    __slots__ = ("_claim", "_door", "_parcel", "_parts", "_reception", "_room", "_size", "reply")

    def __init__(self, reception: Reception, door: Door, parcel: Parcel) -> None:
        self._reception = reception
        self._door = door
        self._parcel = parcel
        self._parts: list[bytes] = []
        self._size = 0
        self._room = largest_body(parcel.headers.get("content-encoding", ""))
        self.reply: Reply | None = None
        # Room is taken for the whole body before it is read, so that many slow senders together
        # cannot take more memory than there is.
        stated = _stated_length(parcel.headers)
        self._claim = min(self._room if stated is None else stated, self._room)
        if reception.in_flight + self._claim > reception.most_in_flight:
            self._claim = 0
            self.reply = self._send_away(503, BUSY_SECONDS)
            return
        reception.in_flight += self._claim
        if stated is not None and stated > self._room:
            self.reply = self._refuse(too_large(str(stated), self._room))

    def take(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._room and self.reply is None:
            self._parts.clear()
            self.reply = self._refuse(too_large(f"more than {self._room}", self._room))
        if self.reply is None:
            self._parts.append(part)

    def settle(self, answer: Answer) -> None:
        """Go through the steps and append the record; the answer comes when it is synced."""
        parts, self._parts = self._parts, []
        self._parcel.body = parts[0] if len(parts) == 1 else b"".join(parts)
        try:
            reply = self._go_through_steps()
            if reply is None:
                self._record(answer)
        except Exception as error:  # noqa: BLE001 (its text may hold what a client sent)
            reply = self._defect(error)
        if reply is not None:
            answer(reply)

    def leave(self, reply: Reply | None = None) -> None:
        """Give the room back, with the reply that goes out, or none if the client hung up."""
        if reply is not None:
            self._reception.answers[self._door.name, reply.status] += 1
        self._reception.in_flight -= self._claim
        self._claim = 0

    def _go_through_steps(self) -> Reply | None:
        """The reply to what is not to be recorded; None if all is well."""
        try:
            for step in STEPS:
                step(self._parcel, self._reception.desk)
        except TooFastError as error:
            return self._send_away(429, error.seconds)
        except ProofsUnavailableError:
            return self._send_away(503, BROKEN_SECONDS)
        except RefusedError as refused:
            return self._refuse(refused)
        return None

    def _record(self, answer: Answer) -> None:
        payload = record_of(self._parcel).encoded()
        self._parcel.body = b""

        def synced(done: asyncio.Future[None]) -> None:
            if done.cancelled() or done.exception() is not None:
                answer(self._send_away(503, BROKEN_SECONDS))
            else:
                answer(self._accepted())

        self._reception.journal.append(payload).add_done_callback(synced)

    def _accepted(self) -> Reply:
        try:
            self._reception.quarantine.note(self._parcel)
            return self._door.answer(self._parcel)
        except Exception as error:  # noqa: BLE001 (its text may hold what a client sent)
            # It is on disk; sent again it counts as a repeat.
            return self._defect(error)

    def _defect(self, error: Exception) -> Reply:
        self._reception.report(f"a defect: {place_of(error)}")
        return self._door.busy(503, BROKEN_SECONDS)

    def _refuse(self, refused: RefusedError) -> Reply:
        self._reception.journal.note(record_of_refusal(self._parcel, refused).encoded())
        self._reception.quarantine.note_refusal(self._parcel, refused)
        reply = self._door.refuse(refused)
        # Our own client hears the reason on every door, whatever words the format has for it.
        return replace(reply, headers={**reply.headers, "glasshouse-reason": refused.reason.value})

    def _send_away(self, status: int, seconds: int) -> Reply:
        self._reception.sent_away[self._parcel.product, self._door.name] += 1
        return self._door.busy(status, seconds)


def _stated_length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
