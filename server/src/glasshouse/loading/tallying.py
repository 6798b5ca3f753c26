"""What a cycle adds to the accounting and to the window on refusals."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from glasshouse.loading.arrivals import Arrival, Piece, refused_items
from glasshouse.model import Outcome, Reason, Refusal
from glasshouse.store import Counted, RefusalNote, RefusedItems, Tally

RECEIVED = "received"
REJECTED = Outcome.REJECTED.value
UNLOADABLE = Reason.UNLOADABLE.value


def tallies_of(
    arrivals: Sequence[Arrival],
    unloadable: Iterable[Piece],
    duplicates: Mapping[tuple[str, str], int],
) -> list[Tally]:
    """Everything but what is stored, which the store counts itself."""
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for arrival in arrivals:
        head = arrival.head
        sums[head.product, head.door, RECEIVED, ""] += head.received
        for outcome, reason, items in refused_items(head):
            sums[head.product, head.door, outcome, reason] += items
        if arrival.record is None:
            sums[head.product, head.door, REJECTED, UNLOADABLE] += head.received
    for piece in unloadable:
        head = piece.arrival.head
        sums[head.product, head.door, REJECTED, UNLOADABLE] += piece.rows
    for (product, door), items in duplicates.items():
        sums[product, door, Outcome.DUPLICATE.value, ""] += items
    return [Tally(*key, items) for key, items in sums.items()]


def notes_of(
    arrivals: Sequence[Arrival], unloadable: Iterable[Piece], now: datetime
) -> list[RefusalNote]:
    """One line per kind of refusal in the cycle, oldest first."""
    sums: dict[tuple[str, str, str | None, str | None, str, str], tuple[datetime, int]] = {}

    def add(arrival: Arrival, refusal: Refusal) -> None:
        head = arrival.head
        kind = (refusal.item, refusal.field, refusal.outcome, refusal.reason)
        at = _utc(head.received_at) if arrival.record else _utc(now)
        newest, before = sums.pop((head.product, head.door, *kind), (at, 0))
        # Popped and put back, so that the newest kinds come last.
        sums[head.product, head.door, *kind] = (max(newest, at), before + refusal.items)

    for arrival in arrivals:
        for refusal in arrival.head.refusals:
            add(arrival, refusal)
        if arrival.record is None:
            add(arrival, Refusal(REJECTED, UNLOADABLE, arrival.head.received))
    for piece in unloadable:
        add(piece.arrival, Refusal(REJECTED, UNLOADABLE, piece.rows, piece.item))
    return [RefusalNote(*key, at, items) for key, (at, items) in sums.items()]


def refused_of(arrivals: Sequence[Arrival]) -> list[RefusedItems]:
    """What was refused, by day and by the version that sent it."""
    sums: Counter[tuple[str, date, str | None, str, str]] = Counter()
    for arrival in arrivals:
        head = arrival.head
        day = _utc(head.received_at).date()
        for refusal in head.refusals:
            if refusal.outcome != Outcome.ACCEPTED.value:  # then only a field was dropped
                sums[head.product, day, refusal.version, refusal.outcome, refusal.reason] += (
                    refusal.items
                )
    return [RefusedItems(*key, items) for key, items in sums.items()]


def counted_of(
    arrivals: Sequence[Arrival], unloadable: Iterable[Piece], now: datetime
) -> list[Counted]:
    """The same by record, for a store that may be given a record twice."""
    refused: dict[Arrival, list[Piece]] = {}
    for piece in unloadable:
        refused.setdefault(piece.arrival, []).append(piece)
    return [
        Counted(
            position=arrival.end,
            tallies=tallies_of((arrival,), refused.get(arrival, ()), {}),
            refusals=notes_of((arrival,), refused.get(arrival, ()), now),
            refused=refused_of((arrival,)),
        )
        for arrival in arrivals
    ]


def _utc(moment: datetime) -> datetime:
    """UTC without a zone, as the store's timestamps are."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def summed(tallies: Iterable[Tally]) -> list[Tally]:
    """One tally for each product, door, outcome and reason."""
    sums: dict[tuple[str, str, str, str], int] = {}
    for tally in tallies:
        key = (tally.product, tally.door, tally.outcome, tally.reason)
        sums[key] = sums.get(key, 0) + tally.items
    return [Tally(*key, items) for key, items in sorted(sums.items())]
