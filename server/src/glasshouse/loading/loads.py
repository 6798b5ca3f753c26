"""What everything but the loading itself needs of a loader, wherever that is."""

from collections.abc import Callable
from typing import Protocol

from glasshouse.loading.jobs import Result
from glasshouse.loading.loader import LoaderState, Signal
from glasshouse.store import Tally


class Loads(Protocol):
    """The loader of this process, or those of others seen from here."""

    @property
    def state(self) -> LoaderState: ...

    def accounting(self) -> list[Tally]:
        """The store's tallies, and as outcome `waiting` what was acknowledged and is not there."""

    def catch_up(self) -> None:
        """All that was acknowledged before this call is in the store; the journal forgets it."""

    def do(self, job: Callable[[], Result]) -> Result:
        """Do something that is about the whole store; one such thing at a time."""

    def attend_to(self, chore: Callable[[], None]) -> None:
        """Call this again and again; it knows itself when it has something to do."""

    def run(self, stop: Signal, wake: Signal, every: float) -> None:
        """Work until `stop` is set."""

    def turn(self) -> float:
        """One round of that; if it failed, the seconds to wait before the next."""

    def finish(self) -> None:
        """The last of all, at the end of a process that was alone."""
