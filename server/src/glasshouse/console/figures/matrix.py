"""The second dimension of an answer as columns: a table whose cells are shaded by their share."""

from datetime import date

from glasshouse.console import formats
from glasshouse.console.figures.drawn import Cell, Drawn, Head
from glasshouse.console.figures.linking import Linking
from glasshouse.console.figures.written import cell, moment, written
from glasshouse.console.pages.arrangement import Figure
from glasshouse.console.words import say, title
from glasshouse.insight import Answer
from glasshouse.insight.answer import Cell as Value
from glasshouse.insight.answer import Column

MOST_ACROSS = 26
SHADES = 10


def matrix(answer: Answer, _: Figure, linking: Linking) -> Drawn:
    """A row for each value of the first dimension; its whole stands beside it where it is known."""
    first, second = [column for column in answer.columns if column.dimension][:2]
    whole = next((c for c in answer.columns if c.name.startswith("cohort_")), None)
    names = [column.name for column in answer.columns]
    ones: dict[Value, Value] = {}
    across: dict[Value, None] = {}
    shares: dict[tuple[Value, Value], tuple[Value, Value]] = {}
    for row in answer.rows:
        facts = dict(zip(names, row, strict=True))
        one, other = facts[first.name], facts[second.name]
        ones.setdefault(one, facts[whole.name] if whole else None)
        across.setdefault(other)
        shares[one, other] = (facts["share"], facts["instances"])
    columns = list(across)
    if all(isinstance(each, int | float) for each in columns):
        columns.sort()
    shown = columns[:MOST_ACROSS]
    heads = [Head(title("column", first.name, first.title))]
    if whole:
        heads.append(Head(title("column", whole.name, whole.title), number=True))
    heads += [_head(answer, second, each, linking) for each in shown]

    def behind(one: Value, other: Value) -> str:
        return _behind(answer, linking, (first, one), (second, other))

    rows = [
        [
            _first(answer, first, one, linking),
            *([_count(answer, whole, count, linking)] if whole else []),
            *(_cell(shares.get((one, each)), linking, behind(one, each)) for each in shown),
        ]
        for one, count in ones.items()
    ]
    return Drawn(heads, rows, left_out=len(columns) - len(shown))


def _first(answer: Answer, column: Column, value: Value, linking: Linking) -> Cell:
    if isinstance(value, date):
        return Cell(moment(answer, value))
    return cell(answer, column, value, linking)


def _head(answer: Answer, column: Column, value: Value, linking: Linking) -> Head:
    text = written(answer, column, value, linking)
    if column.type == "number":
        text = say("cell.later", number=text)
    return Head(text, number=True, address=linking.value(answer, column, value)[0])


def _count(answer: Answer, column: Column, value: Value, linking: Linking) -> Cell:
    return Cell(written(answer, column, value, linking), number=True)


def _behind(answer: Answer, linking: Linking, *values: tuple[Column, Value]) -> str:
    """The instances that have both values; empty where there is no list of them."""
    address = linking.address
    for column, value in values:
        trait = linking.trait(answer, column)
        if not trait or not isinstance(value, str) or not linking.raw or not linking.leads:
            return ""
        address = address.where_also(trait, "=", value)
    return address.to("instances")


def _cell(found: tuple[Value, Value] | None, linking: Linking, address: str) -> Cell:
    if found is None:
        return Cell("", number=True)
    share, count = found
    if not isinstance(share, int | float):
        return Cell(linking.missing, number=True, soft=True)
    return Cell(
        _whole(share),
        address,
        small=formats.count(count) if isinstance(count, int) else "",
        number=True,
        heat=round(share * SHADES),
    )


def _whole(share: float) -> str:
    """Whole percents, for a table of many columns; what is not nothing never reads 0%."""
    return "<1%" if 0 < share < 0.005 else f"{share * 100:.0f}%"
