"""What the writer of a journal knows of its disk: how long syncs take, and whether they fail."""

from bisect import bisect_left

from glasshouse.journal.port import SYNC_BOUNDS, Syncs


class DiskWatch:
    """Counted by the writing thread alone; read from any."""

    def __init__(self) -> None:
        self._counts = [0] * (len(SYNC_BOUNDS) + 1)
        self._seconds = 0.0
        self._failures = 0

    def synced(self, seconds: float) -> None:
        self._counts[bisect_left(SYNC_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def failed(self) -> None:
        self._failures += 1

    def syncs(self) -> Syncs:
        return Syncs(tuple(self._counts), self._seconds, self._failures)
