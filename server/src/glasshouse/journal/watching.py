"""What the writer of a journal knows of its disks: how long syncs take, and whether they fail."""

from bisect import bisect_left

from glasshouse.journal.port import SYNC_BOUNDS, Syncs
from glasshouse.notices import Notice, tell, tell_failure


class DiskWatch:
    """Counted by the writing thread alone; read from any."""

    def __init__(self) -> None:
        self._counts = [0] * (len(SYNC_BOUNDS) + 1)
        self._seconds = 0.0
        self._failures = 0
        self._failing = 0  # groups in a row

    def synced(self, seconds: float) -> None:
        self._counts[bisect_left(SYNC_BOUNDS, seconds)] += 1
        self._seconds += seconds
        if self._failing:
            tell(Notice.RECOVERED, part="journal", failures=self._failing)
            self._failing = 0

    def failed(self, error: OSError) -> None:
        if not self._failing:
            tell_failure("journal", error)
        self._failing += 1
        self._failures += 1

    def syncs(self) -> Syncs:
        return Syncs(tuple(self._counts), self._seconds, self._failures)
