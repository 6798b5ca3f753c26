"""Which surrogate an id has: an index in memory, so that loading never scans the table of ids.

An id is known here by 128 bits of a keyed MD5; the key is drawn at each start, so nobody can make
two ids that are taken for one. 20 bytes an id: 20 MB a million. The table store.identities is the
truth; the index is read from it at start and follows each committed batch.

Sorted levels, each at least twice as long as the next: a look-up costs one search a level, and
taking ids in costs the same however many there are.
"""

import secrets
from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from glasshouse.store.engines.duckdb.quoting import literal

Words = NDArray[np.uint64]
Surrogates = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Sorted by `low`, then `high`."""

    low: Words
    high: Words
    surrogate: Surrogates

    @classmethod
    def of(cls, low: Words, high: Words, surrogate: Surrogates) -> "Level":
        order = np.lexsort((high, low))
        return cls(low[order], high[order], surrogate[order])

    def __len__(self) -> int:
        return len(self.low)

    def find(self, low: Words, high: Words, into: Surrogates) -> None:
        """Write the surrogate of each pair that is here to its place in `into`."""
        place = np.searchsorted(self.low, low)
        open_ = np.flatnonzero(place < len(self))
        while len(open_):  # once, but where two ids share their low half
            at = place[open_]
            same = self.low[at] == low[open_]
            open_, at = open_[same], at[same]
            hit = self.high[at] == high[open_]
            into[open_[hit]] = self.surrogate[at[hit]]
            open_ = open_[~hit]
            place[open_] += 1
            open_ = open_[place[open_] < len(self)]


@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """The surrogates of one batch's ids, in their order; `fresh` marks those that are new."""

    low: Words
    high: Words
    surrogate: Surrogates
    fresh: NDArray[np.bool_]


class IdentityIndex:
    """All ids of the store. The writing thread alone uses it."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._secret = secrets.token_hex(16)
        found = connection.execute(
            f"select {self.words()}, surrogate from store.identities"
        ).fetchnumpy()
        surrogate = found["surrogate"].astype(np.int32)
        self._levels: tuple[Level, ...] = (Level.of(found["low"], found["high"], surrogate),)
        self._top = int(surrogate.max(initial=0))

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    def words(self) -> str:
        """SQL for the two halves by which the id in `product`, `kind`, `id` is known."""
        text = f"concat({literal(self._secret)}, product, ' ', kind, ' ', id)"
        return f"md5_number_lower({text}) as low, md5_number_upper({text}) as high"

    def number(self, low: Words, high: Words) -> Numbered:
        """A surrogate for each id of a batch, new ones for new ids. Changes nothing yet."""
        surrogate = np.zeros(len(low), dtype=np.int32)
        for level in self._levels:
            level.find(low, high, surrogate)
        fresh = surrogate == 0
        count = int(fresh.sum())
        surrogate[fresh] = np.arange(self._top + 1, self._top + 1 + count, dtype=np.int32)
        return Numbered(low, high, surrogate, fresh)

    def settle(self, numbered: Numbered) -> None:
        """The batch is committed: its new ids are known from now on."""
        fresh = numbered.fresh
        if not fresh.any():
            return
        last = Level.of(numbered.low[fresh], numbered.high[fresh], numbered.surrogate[fresh])
        self._top = max(self._top, int(last.surrogate.max()))
        before = list(self._levels)
        while before and len(before[-1]) < 2 * len(last):
            last = _joined(before.pop(), last)
        self._levels = (*before, last)

    def forget(self, surrogates: Surrogates) -> None:
        """These ids are erased. Their surrogates are not given again while the process lives."""
        self._levels = tuple(_without(level, surrogates) for level in self._levels)


def _joined(one: Level, other: Level) -> Level:
    return Level.of(
        np.concatenate((one.low, other.low)),
        np.concatenate((one.high, other.high)),
        np.concatenate((one.surrogate, other.surrogate)),
    )


def _without(level: Level, surrogates: Surrogates) -> Level:
    kept = ~np.isin(level.surrogate, surrogates)
    return Level(level.low[kept], level.high[kept], level.surrogate[kept])
