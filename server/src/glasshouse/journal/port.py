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

# Upper bounds in seconds, from a disk with a battery behind it to one that is ill.
SYNC_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True)
class Syncs:
    """The syncs since the journal was opened: `counts` by SYNC_BOUNDS and, last, of longer ones;
    `seconds` of all together; and groups of records that could not be written or synced.
    """

    counts: tuple[int, ...]
    seconds: float
    failures: int


class Appendable(Protocol):
    """What a collector needs of a journal."""

    def append(self, payload: bytes) -> Future[None]:
        """Done once the payload survives a power cut; its error is a `JournalBrokenError`."""

    def note(self, payload: bytes) -> None:
        """Append without waiting: written with the next group, or lost with the process."""


class Journal(Appendable, Protocol):
    """What the loader and those who keep the data need besides."""

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        """Synced payloads behind `after`, about `limit` bytes of them, each with its end."""

    def roll(self) -> Position:
        """End the current segment; what is appended from now on lies in later ones.

        So that `trim` can forget all that came before, the newest records included: all that was
        acknowledged before this call lies before the position that it returns.
        """

    def trim(self, before: Position) -> None:
        """Forget what lies before this position, of whole segments every byte, on every disk."""

    def damages(self) -> list[Damage]:
        """What was found damaged since the journal was opened."""

    def size(self) -> int:
        """Bytes that the journal holds on disk."""

    def syncs(self) -> Syncs:
        """How long the disk takes, for whoever watches the server."""

    def close(self) -> None:
        """Write and sync what is waiting, and stop."""
