"""Loaders of other processes, seen from a console: how far they are, and waiting for them.

A console loads nothing. What it has done to the store it does by itself, after the loaders have
passed what was acknowledged until then: so an erasure finds everything that it has to remove.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from glasshouse.catalogue import Catalogue
from glasshouse.journal import Journal
from glasshouse.loading.declared_tables import DeclaredTables
from glasshouse.loading.jobs import Jobs, Result
from glasshouse.loading.loader import LoaderState, Signal
from glasshouse.loading.tallying import summed, waiting_of
from glasshouse.model import Position
from glasshouse.notices import tell_failure
from glasshouse.store import Store, StoreUnavailableError, Tally

WAITING_BYTES = 64 * 1024 * 1024  # of each partition that are looked at to count what waits
LOADERS_SECONDS = 300.0  # after which loaders that pass nothing are given up
LOOK_SECONDS = 0.2
LONGEST_PAUSE = 30.0
BEGINNING = Position(0, 0)


class LoadersAwayError(StoreUnavailableError):
    """What was acknowledged is not loaded in time: no loader runs, or none can."""


class Overseer:
    """See `Loads`. `partitions` are the journal's, by their numbers; `is_mine` says whether the
    chores fall to this console, of several.
    """

    def __init__(
        self,
        partitions: Sequence[Journal],
        store: Store,
        catalogue: Catalogue,
        is_mine: Callable[[], bool] = lambda: True,
        *,
        patience: float = LOADERS_SECONDS,
    ) -> None:
        self._partitions = partitions
        self._store = store
        self._tables = DeclaredTables(store, catalogue)
        self._is_mine = is_mine
        self._patience = patience
        self._jobs = Jobs()
        self._chore: Callable[[], None] = _nothing_to_do
        self._reading = threading.Lock()  # a partition is read by one thread at a time
        self.state = LoaderState()

    def accounting(self) -> list[Tally]:
        positions, found = self._store.accounting_of_all()
        with self._reading:
            for number, partition in enumerate(self._partitions):
                behind = positions.get(number, BEGINNING)
                found += waiting_of(partition.read(behind, WAITING_BYTES))
        return summed(found)

    def catch_up(self) -> None:
        """Raises `LoadersAwayError`."""
        with self._reading:
            ends = [partition.roll() for partition in self._partitions]
        give_up = time.monotonic() + self._patience
        for number, end in enumerate(ends):
            while self._is_waiting(number, end):
                if time.monotonic() > give_up:
                    raise LoadersAwayError(
                        f"partition {number} of the journal is not loaded after "
                        f"{self._patience:g} s; expected a loader: glasshouse serve --role loader"
                    )
                time.sleep(LOOK_SECONDS)
            with self._reading:
                self._partitions[number].trim(end)

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
            with self._jobs.turn:
                if self._tables.follow():  # others load, and may have made room already
                    self.state = replace(self.state, problems=self._tables.problems)
                if self._is_mine():
                    self._chore()
        except (StoreUnavailableError, OSError) as error:
            if not self.state.failures:
                tell_failure("store", error)
            failures = self.state.failures + 1
            said = f"{type(error).__name__}: {error}"
            self.state = replace(self.state, failures=failures, last_error=said)
            return float(min(LONGEST_PAUSE, 0.5 * 2**failures))
        self.state = replace(self.state, failures=0, last_error=None)
        return 0.0

    def finish(self) -> None:
        """Nothing: others load."""

    def _is_waiting(self, number: int, end: Position) -> bool:
        """Whether the store has not all of a partition up to this end.

        The position of a partition that nobody wrote to since stays where it was, before the end.
        """
        positions, _ = self._store.accounting_of_all()
        position = positions.get(number, BEGINNING)
        if position >= end:
            return False
        with self._reading:
            return any(at <= end for _, at in self._partitions[number].read(position, 1))


def _nothing_to_do() -> None:
    """What is attended to where nothing else was said."""
