"""Two logs that stay: who read what with raw access, and who changed which setting.

A raw read names the question, the product and what it was narrowed by; never a value that it was
narrowed to, and of a query its hash alone, since either can hold an id of somebody.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from glasshouse.people.database import Database
from glasshouse.people.rights import Reader

KEPT = timedelta(days=730)
MOST_ROWS = 500
LONGEST_WHY = 200


class Records:
    """What is written is on disk when a method returns, and is forgotten after KEPT."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def raw_read(self, reader: Reader, what: str, product: str = "") -> None:
        """Say before it is answered that somebody reads exactly. Raises `sqlite3.Error`."""
        self._database.rows(
            "insert into raw_reads (at, who, way, what, product, why) values (?, ?, ?, ?, ?, ?)",
            (self._now(), reader.name, reader.way, what, product, reader.why[:LONGEST_WHY]),
        )

    def change(self, reader: Reader, what: str, about: str, **detail: Any) -> None:
        """Say that somebody changed something. `detail` never holds a secret."""
        self._database.rows(
            "insert into changes (at, who, way, what, about, detail) values (?, ?, ?, ?, ?, ?)",
            (self._now(), reader.name, reader.way, what, about, json.dumps(detail, default=str)),
        )

    def raw_reads(self, before: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The newest first; `before` is the number of the last one seen."""
        names = ("number", "at", "who", "way", "what", "product", "why")
        return self._page("raw_reads", names, before, limit)

    def changes(self, before: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """The newest first; `before` is the number of the last one seen."""
        names = ("number", "at", "who", "way", "what", "about", "detail")
        found = self._page("changes", names, before, limit)
        return [{**row, "detail": _object(row["detail"])} for row in found]

    def reads_of(self, product: str) -> list[tuple[str, str, int, str]]:
        """What of a product was read by whom, how often, and when last: the newest first."""
        found = self._database.rows(
            "select what, who, count(*), max(at) from raw_reads where product = ? "
            "group by what, who order by max(at) desc limit ?",
            (product, MOST_ROWS),
        )
        return [(str(what), str(who), int(times), str(at)) for what, who, times, at in found]

    def forget(self) -> None:
        """Let go of what is older than KEPT."""
        until = (self._clock() - KEPT).isoformat()
        for table in ("raw_reads", "changes"):
            self._database.rows(f"delete from {table} where at < ?", (until,))  # noqa: S608 (ours)

    def _page(
        self, table: str, names: tuple[str, ...], before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        found = self._database.rows(
            f"select {', '.join(names)} from {table} "  # noqa: S608 (names of ours)
            "where ? is null or number < ? order by number desc limit ?",
            (before, before, max(1, min(limit, MOST_ROWS))),
        )
        return [dict(zip(names, row, strict=True)) for row in found]

    def _now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")


def _object(text: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(text)
    return found
