"""Which items have been received before: an exact index of 16-byte keys, kept by day of receipt.

Keys live in immutable sorted files (runs), written and synced before the store commits the list of
runs in force, in the same transaction as the rows and the journal position. So the keys known and
the rows stored can never disagree, whatever ends the process:

    a file that is not listed    was written by a cycle that did not commit: deleted at open
    a listed file that is gone   is damage: reported, and the other runs serve on

Young keys are kept in the store itself, as one blob per cycle, so that a cycle of a few items
writes no file; FRESH_KEYS of them become a run. Runs of like size are merged, RUNS_OF_A_SIZE at a
time, up to MOST_KEYS, so that no merge takes long. A run is dropped when its newest day has been
kept for KEEP_DAYS; a key is thus kept at least that long.

`plan` changes nothing but files; `settle` makes the plan the truth, after the commit.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from glasshouse.loading.runs import (
    Keys,
    Run,
    RunDamagedError,
    first_of_each,
    join_keys,
    keys_from_bytes,
    load_run,
    sort_keys,
    write_run,
)
from glasshouse.model import KEY_BYTES
from glasshouse.store import KeyChange, KeyState

FRESH_KEYS = 1 << 18
RUNS_OF_A_SIZE = 6
MOST_KEYS = 1 << 24
KEEP_DAYS = 36  # whole days; an item received late on a day still counts 35 full ones


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cycle's new keys change: `change` is for the store, the rest for `settle`."""

    change: KeyChange
    fresh: tuple[Keys, ...]
    fresh_day: date | None
    runs: tuple[Run, ...]


class Repeats:
    """The keys in force. One thread uses it."""

    def __init__(self, directory: Path, state: KeyState) -> None:
        """Open the index as the store knows it; `problems` tells of damaged runs."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._runs: tuple[Run, ...] = ()
        self.problems: list[str] = []
        for listed in state.runs:
            try:
                self._runs += (load_run(directory, listed),)
            except RunDamagedError as error:
                self.problems.append(str(error))
        self._fresh: tuple[Keys, ...] = (
            (sort_keys(keys_from_bytes(state.fresh)),) if state.fresh else ()
        )
        self._fresh_day = state.newest_day
        self._delete_unlisted({run.name for run in state.runs})

    def __len__(self) -> int:
        return sum(run.listed.keys for run in self._runs) + self._fresh_count()

    @property
    def run_count(self) -> int:
        return len(self._runs)

    @property
    def memory_bytes(self) -> int:
        """Bytes held outside the page cache."""
        return sum(run.fences.nbytes for run in self._runs) + 16 * self._fresh_count()

    def repeated(self, keys: bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """For each key: whether it was received before, or stands earlier in `keys`."""
        wanted = keys_from_bytes(keys)
        found = ~first_of_each(wanted)
        for run in self._runs:
            found |= run.contains(wanted)
        for fresh in self._fresh:
            found |= Run.of(fresh).contains(wanted)
        return found

    def plan(self, keys: bytes, day: date) -> Plan:
        """Take in keys that are new; write what files that needs."""
        new = sort_keys(keys_from_bytes(keys))
        runs, expired = self._unexpired(day)
        newest = max(day, self._fresh_day) if self._fresh_day else day
        if self._fresh_count() + len(new) < FRESH_KEYS:
            fresh = _merge_small((*self._fresh, new)) if len(new) else self._fresh
            change = KeyChange(fresh=keys, day=day, removed=_names(expired))
            return Plan(change, fresh, newest, runs)
        merged, replaced, newest = self._merge(join_keys((*self._fresh, new)), runs, newest)
        run = write_run(self._directory, sort_keys(merged), newest)
        change = KeyChange(
            absorbed=True, added=(run.listed,), removed=_names((*expired, *replaced))
        )
        left = tuple(other for other in runs if other not in replaced)
        return Plan(change, (), None, (*left, run))

    def settle(self, plan: Plan) -> None:
        """The store has committed the plan's change."""
        self._fresh, self._fresh_day, self._runs = plan.fresh, plan.fresh_day, plan.runs
        for name in plan.change.removed:
            (self._directory / name).unlink(missing_ok=True)

    def _fresh_count(self) -> int:
        return sum(len(keys) for keys in self._fresh)

    def _unexpired(self, today: date) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
        oldest = today - timedelta(days=KEEP_DAYS)
        kept = tuple(run for run in self._runs if run.listed.newest_day >= oldest)
        return kept, tuple(run for run in self._runs if run not in kept)

    def _merge(
        self, keys: Keys, runs: Sequence[Run], newest: date
    ) -> tuple[Keys, tuple[Run, ...], date]:
        """The new keys, with all the runs of a size that has become too many."""
        replaced: tuple[Run, ...] = ()
        while True:
            alike = tuple(
                run
                for run in runs
                if run not in replaced and run.listed.keys < RUNS_OF_A_SIZE * len(keys)
            )
            total = len(keys) + sum(run.listed.keys for run in alike)
            if len(alike) < RUNS_OF_A_SIZE - 1 or total > MOST_KEYS:
                return keys, replaced, newest
            newest = max(newest, *(run.listed.newest_day for run in alike))
            keys = join_keys((keys, *(run.keys for run in alike)))
            replaced += alike

    def _delete_unlisted(self, listed: set[str]) -> None:
        for entry in os.scandir(self._directory):
            if entry.name not in listed:
                Path(entry.path).unlink()


class CollapsedByStore:
    """Where the store makes one row of rows with one key, no keys are kept here."""

    problems: Sequence[str] = ()

    def repeated(self, keys: bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """None that are known of here."""
        return np.zeros(len(keys) // KEY_BYTES, dtype=np.bool_)

    def plan(self, keys: bytes, day: date) -> Plan:
        """Nothing changes."""
        return Plan(KeyChange(), (), None, ())

    def settle(self, plan: Plan) -> None:
        """Nothing did."""


def _names(runs: Sequence[Run]) -> tuple[str, ...]:
    return tuple(run.name for run in runs)


def _merge_small(fresh: tuple[Keys, ...]) -> tuple[Keys, ...]:
    """Merge the last arrays while the one before is not twice as long: few arrays, cheaply."""
    *before, last = fresh
    while before and len(before[-1]) < 2 * len(last):
        last = sort_keys(join_keys((before.pop(), last)))
    return (*before, last)
