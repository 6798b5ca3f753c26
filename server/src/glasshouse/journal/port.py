"""What every journal does, whichever engine is behind it.

Whoever appends waits for the sync; whoever reads gets whole records and the position behind each,
and starts again from any such position.
"""

from asyncio import Future
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from glasshouse.model import Position


class JournalBrokenError(OSError):
    """A write or a sync failed. Nothing of that group may be acknowledged, nor retried as is."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of the journal that are no whole record: skipped, and reported."""

    segment: int
    offset: int
    size: int
    reason: str


ReportDamage = Callable[[Damage], None]


class Journal(Protocol):
    def append(self, payload: bytes) -> Future[None]:
        """Done once the payload survives a power cut; its error is a `JournalBrokenError`."""

    def note(self, payload: bytes) -> None:
        """Append without waiting: written with the next group, or lost with the process."""

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        """Synced payloads behind `after`, about `limit` bytes of them, each with its end."""

    def roll(self) -> int:
        """End the current segment; what is appended from now on lies in this one or later ones.

        So that `trim` can forget all that came before, the newest records included.
        """

    def trim(self, before: Position) -> None:
        """Forget whole segments of which everything lies before this position."""

    def damages(self) -> list[Damage]:
        """What was found damaged since the journal was opened."""

    def size(self) -> int:
        """Bytes that the journal holds on disk."""

    def close(self) -> None:
        """Write and sync what is waiting, and stop."""
