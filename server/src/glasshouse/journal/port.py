"""The collector's durable log. What is in it has been acknowledged.

A port with engines behind it: whoever appends waits for the sync; whoever reads gets whole
records and the position after each, and starts again from any such position.
"""

from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Protocol

from glasshouse.model import Position


class JournalBrokenError(OSError):
    """A write or a sync failed. Nothing of that group may be acknowledged, nor retried."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of the journal that are no whole record: skipped, and reported."""

    segment: int
    offset: int
    size: int
    reason: str


class Journal(Protocol):
    """What every journal engine does."""

    def append(self, payload: bytes) -> Awaitable[None]:
        """Return once the payload survives a power cut. Raises `JournalBrokenError`."""

    def note(self, payload: bytes) -> None:
        """Append without waiting: it is written with the next group, or lost with the process."""

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        """Synced payloads behind `after`, about `limit` bytes of them, each with its end."""

    def trim(self, before: Position) -> None:
        """Forget whole segments that end at or before this position."""

    def close(self) -> None:
        """Sync what is waiting, and stop."""
