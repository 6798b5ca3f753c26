"""What a cycle reads from the journal, in pieces: one piece is one block of one record."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from glasshouse.model import Head, Outcome, Position, Reason, Record, decode_record


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """One journal record. Without a head it could not be read, or does not add up."""

    payload: bytes
    end: Position
    record: Record | None

    @property
    def head(self) -> Head:
        return self.record.head if self.record else UNREADABLE


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Accepted items of one declaration in one record."""

    arrival: Arrival
    item: str
    rows: int
    keys: bytes
    lines: bytes

    @property
    def group(self) -> tuple[str, str, str]:
        """(product, item, door): what may be loaded as one portion."""
        return self.arrival.head.product, self.item, self.arrival.head.door


# A record that cannot be read counts as one item: how many it held is not known.
UNREADABLE = Head(
    product="-", door="-", received_at=datetime(1970, 1, 1, tzinfo=UTC), received=1, blocks=[]
)

NOT_ITEMS = frozenset((Reason.UNDECLARED_FIELD.value,))  # these count dropped fields
REFUSED = frozenset((Outcome.REJECTED.value, Outcome.SUPPRESSED.value))


def read_arrivals(entries: Iterable[tuple[bytes, Position]]) -> list[Arrival]:
    return [Arrival(payload, end, _readable(payload)) for payload, end in entries]


def _readable(payload: bytes) -> Record | None:
    """The record, if it is one and its counts add up; what does not would break the accounting."""
    try:
        record = decode_record(payload)
    except (ValueError, msgspec.MsgspecError):
        return None
    return record if adds_up(record.head) else None


def adds_up(head: Head) -> bool:
    accepted = sum(block.rows for block in head.blocks)
    return head.received == accepted + sum(items for _, _, items in refused_items(head))


def refused_items(head: Head) -> Iterator[tuple[str, str, int]]:
    """(outcome, reason, items) of what was not accepted."""
    for refusal in head.refusals:
        if refusal.outcome in REFUSED and refusal.reason not in NOT_ITEMS:
            yield refusal.outcome, refusal.reason, refusal.items


def pieces_of(arrivals: Sequence[Arrival]) -> list[Piece]:
    """All pieces, in the order of arrival."""
    return [
        Piece(arrival, block.item, block.rows, keys, lines)
        for arrival in arrivals
        if arrival.record is not None
        for block, keys, lines in zip(
            arrival.record.head.blocks, arrival.record.keys, arrival.record.lines, strict=True
        )
    ]
