"""What was taken over from another store: keys of repeats, whose rows have keys of their own here.

As long as there are any, loaders ask which of a batch's keys are among them: what was stored before
the move and comes again is a repeat. They are dropped when no client can send so late any more.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link
from glasshouse.store.port import Tally

TABLE = "rows.moved_keys"
ASKED_AT_ONCE = 20_000
LOOK_SECONDS = 30.0  # after which it is asked again whether there are any


class MovedKeys:
    """The keys of one installation."""

    def __init__(
        self, link: Link, databases: Databases, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._link = link
        self._table = databases.own_table(TABLE)
        self._clock = clock
        self._any = False
        self._looked_at = float("-inf")

    def known(self, keys: bytes) -> Sequence[bool]:
        """Of KEY_BYTES each, which are among them."""
        halves = _halves(keys)
        if not halves or not self._are_any():
            return [False] * len(halves)
        found: set[tuple[int, int]] = set()
        for first in range(0, len(halves), ASKED_AT_ONCE):
            asked = ", ".join(f"({a}, {b})" for a, b in halves[first : first + ASKED_AT_ONCE])
            found.update(
                self._link.ask(
                    f"select key_high, key_low from {self._table} "
                    f"where (key_high, key_low) in ({asked})",
                    {"max_query_size": 16 * 1024 * 1024},
                ).rows
            )
        return [key in found for key in halves]

    def take(self, keys: bytes) -> None:
        """Again: nothing changes."""
        halves = _halves(keys)
        columns = [[high for high, _ in halves], [low for _, low in halves]]
        if halves:
            self._link.insert(self._link.nodes, self._table, ("key_high", "key_low"), columns)

    def _are_any(self) -> bool:
        now = self._clock()
        if not self._any and now - self._looked_at > LOOK_SECONDS:
            self._any = bool(self._link.ask(f"select 1 from {self._table} limit 1").rows)
            self._looked_at = now
        return self._any


def take_removed(link: Link, databases: Databases, name: str, removed: Sequence[Tally]) -> None:
    """Rows that were stored, and had gone before the move: they count as stored."""
    if removed:
        link.insert(
            link.nodes,
            databases.own_table("rows.removed"),
            ("name", "product", "door", "item", "items"),
            [
                [name] * len(removed),
                [tally.product for tally in removed],
                [tally.door for tally in removed],
                [""] * len(removed),
                [tally.items for tally in removed],
            ],
        )


def _halves(keys: bytes) -> list[tuple[int, int]]:
    words = np.frombuffer(keys, dtype=">u8").reshape(-1, 2)
    return list(zip(words[:, 0].tolist(), words[:, 1].tolist(), strict=True))
