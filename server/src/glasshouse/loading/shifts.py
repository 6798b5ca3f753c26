"""The partitions that one loader process works on: those it holds a lease of, one after the other.

One thread loads them in turns, so that a process takes one core; a second core is a second process.
A partition that comes is opened, from what the store has of it; one that goes is closed.

What a load costs the servers is a dozen inserts, however few rows: so a partition that was loaded
to its end rests until PACE_SECONDS after that began, and more loaders make no more inserts.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from glasshouse.loading.loader import Loader, LoaderState, Signal
from glasshouse.notices import tell_failure
from glasshouse.store import StoreUnavailableError

PACE_SECONDS = 2.0
AGAIN_SECONDS = 2.0  # until a partition that could not be opened is tried again


class Leases(Protocol):
    """Which partitions are this process', by their numbers as words."""

    def renew(self) -> frozenset[str]: ...

    def held(self) -> frozenset[str]: ...

    def release(self) -> None: ...


class Work(Protocol):
    """One partition, opened."""

    @property
    def loader(self) -> Loader: ...

    def close(self) -> None: ...


class Shifts:
    """See above. `open_work` opens a partition; it raises `StoreUnavailableError` or `OSError`."""

    def __init__(
        self,
        leases: Leases,
        open_work: Callable[[int], Work],
        renew_every: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._open_work = open_work
        self._renew_every = renew_every
        self._clock = clock
        self._works: dict[str, Work] = {}
        self._rest_until: dict[str, float] = {}
        self._opening_error: str | None = None

    @property
    def held(self) -> list[int]:
        """Numbers of the partitions that are worked on."""
        return sorted(map(int, tuple(self._works)))

    @property
    def state(self) -> LoaderState:
        """Of all of them together: the worst of each."""
        states = [work.loader.state for work in tuple(self._works.values())]
        errors = [self._opening_error, *(state.last_error for state in states)]
        return LoaderState(
            lag=max((state.lag for state in states), default=0.0),
            cycles=sum(state.cycles for state in states),
            failures=max((state.failures for state in states), default=0)
            + (self._opening_error is not None),
            last_error=next(filter(None, errors), None),
            problems=tuple(dict.fromkeys(text for state in states for text in state.problems)),
        )

    def run(self, stop: Signal, wake: Signal, every: float) -> None:
        with self._renewing(stop):
            while not stop.is_set():
                self.turn()
                wake.wait(min(every, self._until_next()))
                wake.clear()
        for name in tuple(self._works):
            self._close(name)
        self._leases.release()

    def turn(self) -> None:
        """Load all that waits in the partitions that are held."""
        held = self._leases.held()
        for name in self._works.keys() - held:
            self._close(name)
        self._rest_until = {name: rest for name, rest in self._rest_until.items() if name in held}
        for name in sorted(held):
            if self._rest_until.get(name, 0.0) > self._clock():
                continue
            began = self._clock()
            pause = self._turn(name)
            self._rest_until[name] = max(began + PACE_SECONDS, self._clock() + pause)

    def _until_next(self) -> float:
        """Seconds until a partition has rested; one that comes meanwhile is seen a little later."""
        now = self._clock()
        return max(0.0, min(self._rest_until.values(), default=now + PACE_SECONDS) - now)

    def _turn(self, name: str) -> float:
        """The seconds until the next one, if it failed."""
        work = self._works.get(name)
        if work is None:
            try:
                work = self._works[name] = self._open_work(int(name))
            except (StoreUnavailableError, OSError) as error:
                if self._opening_error is None:
                    tell_failure("store", error)
                self._opening_error = f"{type(error).__name__}: {error}"
                return AGAIN_SECONDS
            self._opening_error = None
        return work.loader.turn()

    def _close(self, name: str) -> None:
        self._works.pop(name).close()

    @contextmanager
    def _renewing(self, stop: Signal) -> Iterator[None]:
        """In a thread of its own: a long cycle must not cost a lease."""
        ended = threading.Event()

        def renew() -> None:
            while not ended.is_set():
                self._leases.renew()
                ended.wait(self._renew_every)

        self._leases.renew()
        thread = threading.Thread(target=renew, name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
