"""What comes back from a question: a table that says what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from glasshouse.insight.period import Period, Step
from glasshouse.model import Origin
from glasshouse.office import Release

ColumnType = Literal["date", "text", "count", "share", "number", "boolean"]
Counted = Literal["", "instances", "organizations", "items"]
Cell = str | int | float | bool | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is for machines, `title` for people; a share is between 0 and 1.

    What may be shown of it without raw access follows from the rest. `counts`: what a count is of.
    `dimension`: the cell says which group the row is about. `over`: the count column of this row
    that says over how many a share, a median or a sentence is taken; `part`: the count column that
    a share is made of.
    """

    name: str
    title: str
    type: ColumnType
    unit: str = ""
    counts: Counted = ""
    dimension: bool = False
    over: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the figures rest on. `complete`: every day looked at is over, so that nothing grows.

    `sampled`: they are of a part of the fleet, chosen by chance. `carrying` of `active` instances
    said what the question is about; None where every active one does.
    """

    complete: bool
    sampled: bool = False
    carrying: int | None = None
    active: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, exact unless a note says otherwise.

    `rows` has one tuple a row, in the order of `columns`. `period` is the one really looked at:
    widened to whole weeks or months where the step asks for it. `conditions` are in words, such as
    `country != DE`; `about` names what they and the filters are about. `before` is the period that
    the columns called NAME_before are of.
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
    coverage: Coverage = field(default_factory=lambda: Coverage(complete=False))
    conditions: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    before: Period | None = None
    releases: tuple[Release, ...] = ()  # that came out in the period, for charts to show
    raw: bool = False  # about single organizations or instances: never without raw access

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Everything that tells groups of instances apart here: as a column, or as a condition."""
        axes = [column.name for column in self.columns if column.dimension]
        return tuple(dict.fromkeys((*axes, *self.about)))

    def column(self, name: str) -> list[Cell]:
        """All cells of one column. Raises ValueError if there is none of this name."""
        place = [column.name for column in self.columns].index(name)
        return [row[place] for row in self.rows]
