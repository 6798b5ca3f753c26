"""A table of an answer's rows as they are; with a bar in each where that helps."""

from collections.abc import Sequence
from dataclasses import replace

from glasshouse.console.figures.drawn import MOST_SHOWN, Cell, Drawn, Head
from glasshouse.console.figures.linking import Linking
from glasshouse.console.figures.written import cell, head, written
from glasshouse.console.pages.arrangement import Figure
from glasshouse.console.words import say
from glasshouse.insight import Answer
from glasshouse.insight.answer import Column

BEFORE = "_before"


def table(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """Every column of the answer, or those that the figure names."""
    return _table(answer, figure, linking, None)


def bars(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """The same with a bar for the share that `shows` names, or the first."""
    shares = [c.name for c in answer.columns if c.type == "share" and not c.name.endswith(BEFORE)]
    return _table(answer, figure, linking, figure.shows or next(iter(shares), None))


def peers(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """Measures of one organization beside others; one of them is a share."""
    share = {"value", "median", "value_before", "median_before"}
    columns = tuple(
        replace(column, type="share") if column.name in share else column
        for column in answer.columns
    )
    as_shares = table(replace(answer, columns=columns), figure, linking)
    as_numbers = table(answer, figure, linking)
    measures = answer.column("measure")
    rows = [
        shares if measure == "on_newest" else numbers
        for measure, shares, numbers in zip(measures, as_shares.rows, as_numbers.rows, strict=False)
    ]
    return replace(as_numbers, rows=rows)


def rows_shown(answer: Answer, columns: Sequence[Column], linking: Linking) -> list[list[Cell]]:
    """The first rows as cells, the figures of the period before under those of this one."""
    places = {column.name: place for place, column in enumerate(answer.columns)}
    complete = places.get("complete")
    found = []
    for row in answer.rows[:MOST_SHOWN]:
        cells = []
        for column in columns:
            made = cell(answer, column, row[places[column.name]], linking)
            small = _before(answer, column, row, places, linking)
            if column.type == "date" and complete is not None and not row[complete]:
                small = say("cell.not_over")
            cells.append(replace(made, small=small) if small else made)
        found.append(cells)
    return found


def shown_columns(answer: Answer, only: Sequence[str]) -> list[Column]:
    """Those of the table: what says that a step is over, and what was before, stand in others."""
    return [
        column
        for column in answer.columns
        if column.name != "complete"
        and not column.name.endswith(BEFORE)
        and (not only or column.name in only)
    ]


def _table(answer: Answer, figure: Figure, linking: Linking, bar: str | None) -> Drawn:
    columns = shown_columns(answer, figure.only)
    heads = [head(column) for column in columns]
    rows = rows_shown(answer, columns, linking)
    if bar is not None and any(column.name == bar for column in answer.columns):
        place = [column.name for column in answer.columns].index(bar)
        heads.append(Head("", bar=True))
        for cells, row in zip(rows, answer.rows, strict=False):
            share = row[place]
            cells.append(
                Cell("", bar=share if isinstance(share, int | float) else None, is_bar=True)
            )
    return Drawn(heads, rows, left_out=max(0, len(answer.rows) - MOST_SHOWN))


def _before(
    answer: Answer,
    column: Column,
    row: Sequence[object],
    places: dict[str, int],
    linking: Linking,
) -> str:
    place = places.get(f"{column.name}{BEFORE}")
    if place is None:
        return ""
    value = written(answer, answer.columns[place], row[place], linking)  # type: ignore[arg-type]
    return say("cell.before", value=value)
