"""Loaders of other processes, seen from a console: how far they are, and waiting for them.

A console loads nothing. What it has done to the store it does by itself, after the loaders have
passed what was acknowledged until then: so an erasure finds everything that it has to remove.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from glasshouse.journal import Journal
from glasshouse.loading.jobs import Jobs, Result
from glasshouse.loading.loader import LoaderState, Signal
from glasshouse.loading.tallying import summed, waiting_of
from glasshouse.model import Position
from glasshouse.notices import tell_failure
from glasshouse.store import Store, StoreUnavailableError, Tally

WAITING_BYTES = 64 * 1024 * 1024  # of each partition that are looked at to count what waits
LOADERS_SECONDS = 300.0  # after which loaders that pass nothing are given up
LOOK_SECONDS = 0.2


class LoadersAwayError(StoreUnavailableError):
    """What was acknowledged is not loaded in time: no loader runs, or none can."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of the journal, and the store as seen by who loads it."""

    number: int
    journal: Journal
    store: Store


class Overseer:
    """See `Loads`. `is_mine` says whether the chores fall to this console, of several."""

    def __init__(
        self,
        partitions: Sequence[Partition],
        is_mine: Callable[[], bool] = lambda: True,
        *,
        patience: float = LOADERS_SECONDS,
    ) -> None:
        self._partitions = partitions
        self._is_mine = is_mine
        self._patience = patience
        self._jobs = Jobs()
        self._chore: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self.state = LoaderState()

    def accounting(self) -> list[Tally]:
        found: list[Tally] = []
        with self._lock:  # a partition is read by one at a time
            for partition in self._partitions:
                position, tallies = partition.store.accounting_at()
                found += tallies
                found += waiting_of(partition.journal.read(position, WAITING_BYTES))
        return summed(found)

    def catch_up(self) -> None:
        """Raises `LoadersAwayError`."""
        with self._lock:
            ends = [partition.journal.roll() for partition in self._partitions]
        give_up = time.monotonic() + self._patience
        for partition, end in zip(self._partitions, ends, strict=True):
            while partition.store.position() < end and self._holds(partition, end):
                if time.monotonic() > give_up:
                    raise LoadersAwayError(
                        f"partition {partition.number} of the journal is not loaded after "
                        f"{self._patience:g} s; expected a loader: glasshouse serve --role loader"
                    )
                time.sleep(LOOK_SECONDS)
            with self._lock:
                partition.journal.trim(end)

    def do(self, job: Callable[[], Result]) -> Result:
        return self._jobs.do(job)

    def attend_to(self, chore: Callable[[], None]) -> None:
        self._chore = chore

    def run(self, stop: Signal, wake: Signal, every: float) -> None:
        with self._jobs.done_by_this_thread(wake.set):
            while not stop.is_set():
                self._jobs.do_waiting()
                stop.wait(self.turn())
                wake.wait(every)
                wake.clear()

    def turn(self) -> float:
        try:
            if self._is_mine():
                with self._jobs.turn:
                    self._chore()
        except (StoreUnavailableError, OSError) as error:
            tell_failure("store", error)
            failures = self.state.failures + 1
            said = f"{type(error).__name__}: {error}"
            self.state = replace(self.state, failures=failures, last_error=said)
            return float(min(30.0, 0.5 * 2**failures))
        self.state = replace(self.state, failures=0, last_error=None)
        return 0.0

    def finish(self) -> None:
        """Nothing: others load."""

    def _holds(self, partition: Partition, end: Position) -> bool:
        """Whether anything lies between the store's position and this end: a partition that nobody
        writes to has nothing to load, and its position does not move.
        """
        with self._lock:
            position = partition.store.position()
            return any(at <= end for _, at in partition.journal.read(position, 1))
