"""What an alert can watch: questions, and what of their answers is news.

A row is news when it was not there, or a count of it has grown. Rows are remembered by a keyed
hash: what they name may be erased.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from glasshouse.insight.answer import Answer, Cell

Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """`counts`: columns of which more is news. `only`: the value of the first column that counts.

    `at_once`: what is there at the first look is news as well.
    """

    says: str
    counts: tuple[str, ...] = ()
    only: str = ""
    at_once: bool = False


WATCHED: Mapping[str, Watched] = {
    "advisory": Watched(
        "more affected instances or organizations", ("instances", "organizations"), "now", True
    ),
    "advisory_organizations": Watched(
        "affected organizations, or more affected instances of one", ("instances",), at_once=True
    ),
    "version_adoption": Watched("a version that was not there"),
    "geography": Watched("a country that was not there"),
    "field_distribution": Watched("a value that was not there"),
}
"""By question. The first two stand for a saved advisory: without raw access, and with it."""


@dataclass(frozen=True, slots=True)
class News:
    """`answer` holds the rows that are news alone; `seen` is what there is now."""

    answer: Answer
    seen: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.answer.rows)


def news_of(answer: Answer, before: Mapping[str, int] | None, key: bytes) -> News:
    """What of an answer is news to who has seen `before`; None for who has seen nothing."""
    watched = WATCHED[answer.question]
    seen: dict[str, int] = {}
    fresh: list[Row] = []
    for row in _newest(answer, watched):
        marks = _marks(answer, row, watched, key)
        seen |= marks
        if any(count > (before or {}).get(mark, 0) for mark, count in marks.items()):
            fresh.append(row)
    if before is None and not watched.at_once:
        fresh = []
    return News(replace(answer, rows=fresh), seen)


def _newest(answer: Answer, watched: Watched) -> Sequence[Row]:
    """The rows of now: of the last step that is over, or those that the question says are."""
    names = [column.name for column in answer.columns]
    if watched.only:
        return [row for row in answer.rows if row[0] == watched.only]
    if "period" in names and "complete" in names:
        period, complete = names.index("period"), names.index("complete")
        over = [row for row in answer.rows if row[complete]]
        last = max((str(row[period]) for row in over), default="")
        return [row for row in over if str(row[period]) == last]
    return answer.rows


def _marks(answer: Answer, row: Row, watched: Watched, key: bytes) -> dict[str, int]:
    """The shown counts of a row. One whose counts are all withheld is not there."""
    group = [c for c, column in zip(row, answer.columns, strict=True)
             if column.dimension and column.type != "date"]  # fmt: skip
    marks = {}
    for cell, column in zip(row, answer.columns, strict=True):
        if column.type != "count" or not isinstance(cell, int) or cell <= 0:
            continue
        if watched.counts and column.name not in watched.counts:
            continue
        text = json.dumps([answer.product, answer.question, group, column.name], default=str)
        mark = hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]
        # Without counts that matter, being there is all: 1 for one and for thousands.
        marks[mark] = cell if watched.counts else 1
    return marks
