"""How each kind of value is written in a cell."""

from collections.abc import Callable, Mapping
from datetime import date

from glasshouse.console import formats
from glasshouse.console.figures.drawn import Cell, Head
from glasshouse.console.figures.linking import Linking
from glasshouse.console.words import say, title
from glasshouse.insight import Answer
from glasshouse.insight.answer import Cell as Value
from glasshouse.insight.answer import Column
from glasshouse.insight.period import Step

FIGURES = ("count", "share", "number")
PLACES = ("country",)
SENTENCES = ("reason",)
"""Columns whose texts insight writes, in English, with the figures that they tell of."""


def head(column: Column) -> Head:
    unit = column.unit if column.type in ("number", "share") else ""
    if column.dimension and column.type == "text":
        unit = column.unit
    number = column.type in FIGURES and not column.dimension
    return Head(title("column", column.name, column.title), title("unit", unit, unit), number)


def cell(answer: Answer, column: Column, value: Value, linking: Linking) -> Cell:
    """A value as it is read, with the link that it has."""
    text = written(answer, column, value, linking)
    address, does = linking.value(answer, column, value)
    country = value if column.name in PLACES and isinstance(value, str) and len(value) == 2 else ""
    return Cell(
        text,
        address,
        does,
        number=column.type in FIGURES,
        soft=value is None,
        country=country,
        english=column.name in SENTENCES,
        day=column.type == "date",
    )


def written(answer: Answer, column: Column, value: Value, linking: Linking) -> str:
    if value is None:
        return linking.nothing(column)
    return _WRITTEN[column.type](answer, column, value)


def moment(answer: Answer, start: date) -> str:
    """A step of time in a table."""
    return formats.month(start) if answer.step is Step.MONTH else formats.day(start)


def _number(_: Answer, column: Column, value: Value) -> str:
    assert isinstance(value, int | float)  # noqa: S101 (a column of numbers)
    if column.unit.endswith(", s") or column.unit == "s":
        return formats.seconds(float(value))
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _boolean(_: Answer, __: Column, value: Value) -> str:
    return say("cell.yes") if value else ""


def _date(answer: Answer, _: Column, value: Value) -> str:
    assert isinstance(value, date)  # noqa: S101 (a column of dates)
    return moment(answer, value)


_WRITTEN: Mapping[str, Callable[[Answer, Column, Value], str]] = {
    "date": _date,
    "text": lambda _, column, value: title(f"value_{column.name}", str(value), str(value)),
    "count": lambda _, __, value: formats.count(value),  # type: ignore[arg-type]
    "share": lambda _, __, value: formats.share(value),  # type: ignore[arg-type]
    "number": _number,
    "boolean": _boolean,
}
