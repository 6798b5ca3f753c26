"""An answer beside the same answer over the period before it.

Every figure gets a second column, NAME_before. Rows are matched by what they are about; a row over
time by its place, the first step with the first. What was there before and is not any more has
figures of None now, and the other way round.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from glasshouse.insight.answer import Answer, Cell, Column

FIGURES = ("count", "share", "number")

Key = tuple[Cell, ...]


def compared(now: Answer, before: Answer) -> Answer:
    """`now` with the figures of `before` next to its own."""
    earlier = dict(zip(_keys(before), before.rows, strict=True))
    figures = [
        place
        for place, column in enumerate(now.columns)
        if column.type in FIGURES and not column.dimension
    ]
    rows: list[tuple[Cell, ...]] = []
    for key, row in zip(_keys(now), now.rows, strict=True):
        old = earlier.pop(key, None)
        rows.append((*row, *((old[place] if old else None) for place in figures)))
    if now.step is None:
        dimensions = {place for place, column in enumerate(now.columns) if column.dimension}
        for old in earlier.values():
            cells = (old[n] if n in dimensions else None for n in range(len(now.columns)))
            rows.append((*cells, *(old[place] for place in figures)))
    columns = (*now.columns, *(_before(now.columns[place]) for place in figures))
    note = f"Compared with {before.period.first} to {before.period.last}."
    return replace(now, columns=columns, rows=rows, before=before.period, notes=(*now.notes, note))


def _before(column: Column) -> Column:
    def earlier(name: str) -> str:
        return name and f"{name}_before"

    return replace(
        column,
        name=earlier(column.name),
        title=f"{column.title} before",
        over=earlier(column.over),
        part=earlier(column.part),
    )


def _keys(answer: Answer) -> Sequence[Key]:
    """What each row is about; a date as its place among the answer's dates."""
    places = [place for place, column in enumerate(answer.columns) if column.dimension]
    days = {place: _order(answer, place) for place in places}
    return [
        tuple(days[n][cell] if isinstance(cell := row[n], date) else cell for n in places)
        for row in answer.rows
    ]


def _order(answer: Answer, place: int) -> dict[date, int]:
    found = sorted({cell for row in answer.rows if isinstance(cell := row[place], date)})
    return {day: number for number, day in enumerate(found)}
