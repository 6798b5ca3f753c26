"""How often one reader may ask, so that a script in a loop takes no time from everybody else."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

BURST_SECONDS = 10.0
MOST_READERS = 4096


@dataclass(slots=True)
class Budget:
    """Requests that are left, as of a moment."""

    left: float
    at: float


class ReaderPace:
    """`rate` requests a second for each reader, and ten seconds of them at once; 0 for no limit.

    `clock` is monotonic, in seconds. Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], float], rate: float) -> None:
        self._clock = clock
        self._rate = rate
        self._budgets: dict[str, Budget] = {}
        self._lock = threading.Lock()

    def wait(self, reader: str) -> int:
        """Whole seconds until this reader may ask; 0 if it may now, which then counts."""
        if not self._rate:
            return 0
        most = self._rate * BURST_SECONDS
        with self._lock:
            now = self._clock()
            budget = self._budgets.pop(reader, None) or Budget(most, now)
            budget.left = min(most, budget.left + (now - budget.at) * self._rate)
            budget.at = now
            # Put back as the newest: the oldest has its whole burst again and can be forgotten.
            self._budgets[reader] = budget
            if len(self._budgets) > MOST_READERS:
                del self._budgets[next(iter(self._budgets))]
            if budget.left < 1:
                return int((1 - budget.left) / self._rate) + 1
            budget.left -= 1
            return 0
