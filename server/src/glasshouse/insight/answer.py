"""What comes back from a question: a table that says what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from glasshouse.insight.period import Period, Step
from glasshouse.model import Origin

ColumnType = Literal["date", "text", "count", "share", "boolean"]
Cell = str | int | float | bool | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is for machines, `title` for people; a share is between 0 and 1."""

    name: str
    title: str
    type: ColumnType
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, exact unless a note says otherwise.

    `rows` has one tuple a row, in the order of `columns`. `period` is the one really looked at:
    widened to whole weeks or months where the step asks for it.
    """

    question: str
    title: str
    product: str
    origin: Origin
    period: Period
    step: Step | None
    filters: Mapping[str, str]
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    notes: tuple[str, ...]
    asked_at: datetime

    def column(self, name: str) -> list[Cell]:
        """All cells of one column. Raises ValueError if there is none of this name."""
        place = [column.name for column in self.columns].index(name)
        return [row[place] for row in self.rows]
