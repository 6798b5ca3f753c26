"""All partitions of a journal as one, for whoever appends or looks at the whole."""

from asyncio import Future
from collections.abc import Iterator, Sequence

from glasshouse.journal.port import Damage, Journal, Syncs
from glasshouse.model import Position


class Partitions:
    """See `Journal`. Positions are those of single partitions, so nothing is read from one on."""

    def __init__(self, parts: Sequence[Journal]) -> None:
        self.parts = parts

    def append(self, payload: bytes) -> Future[None]:
        return self.parts[0].append(payload)

    def note(self, payload: bytes) -> None:
        self.parts[0].note(payload)

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        """All that is there, of each partition in turn, each from the same position on."""
        for part in self.parts:
            yield from part.read(after, limit)

    def roll(self) -> Position:
        """Each of them; the greatest of their ends."""
        return max(part.roll() for part in self.parts)

    def trim(self, before: Position) -> None:
        for part in self.parts:
            part.trim(before)

    def damages(self) -> list[Damage]:
        return [damage for part in self.parts for damage in part.damages()]

    def size(self) -> int:
        return sum(part.size() for part in self.parts)

    def syncs(self) -> Syncs:
        """Of the one that appends."""
        return self.parts[0].syncs()

    def close(self) -> None:
        for part in self.parts:
            part.close()
