"""Answers over time: a chart, and the table that has its values, the newest step first."""

from datetime import date

from glasshouse.console import charts, formats
from glasshouse.console.figures.drawn import Cell, Drawn, Head, Key
from glasshouse.console.figures.linking import Linking
from glasshouse.console.figures.plain import shown_columns
from glasshouse.console.figures.written import cell, head, moment, written
from glasshouse.console.pages.arrangement import Figure
from glasshouse.console.words import say, title
from glasshouse.insight import Answer
from glasshouse.insight.answer import Column
from glasshouse.insight.period import Step

PARTS = {"retained": "c1", "returned": "c3", "new": "c0"}
"""The counts that are stacked, from the ground up, with their colours."""


def counts(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """One count over time: `shows`, or the first."""
    return _single(answer, figure, linking, shares=False)


def course(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """One share over time."""
    return _single(answer, figure, linking, shares=True)


def _single(
    answer: Answer,
    figure: Figure,
    linking: Linking,
    *,
    shares: bool,
) -> Drawn:
    shown = next(c for c in answer.columns if c.name == figure.shows or
                 (not figure.shows and c.type == ("share" if shares else "count")))  # fmt: skip
    time = next(c.name for c in answer.columns if c.type == "date" and c.dimension)
    days: list[date] = answer.column(time)  # type: ignore[assignment]
    values = _numbers(answer, shown)
    names = [column.name for column in answer.columns]
    before = f"{shown.name}_before"
    whole = answer.column("complete") if "complete" in names else [True] * len(days)
    chart = charts.counts_chart(
        charts.Course(
            days=days,
            values=values,
            complete=[bool(each) for each in whole],
            step=answer.step or Step.DAY,
            label=label(answer),
            unit=title("column", shown.name, shown.title).lower(),
            before=_numbers(answer, answer.columns[names.index(before)]) if before in names else (),
            links=_links(answer, linking, days),
            text=formats.share if shares else formats.count,
            axis=_percent if shares else formats.count,
            top=1.0 if shares else None,
            withheld=not linking.raw,
            marks=_marks(answer, days),
        )
    )
    some = any(values)
    rows = _rows(answer, figure, linking, time) if some or None in values else []
    legend = (
        (Key(say("chart.now"), "c1"), Key(say("chart.ghost"), "cghost")) if before in names else ()
    )
    columns = shown_columns(answer, figure.only)
    heads = [head(column) for column in columns]
    return Drawn(heads, rows, chart if some else None, legend)


def _rows(answer: Answer, figure: Figure, linking: Linking, time: str) -> list[list[Cell]]:
    columns = shown_columns(answer, figure.only)
    names = [column.name for column in answer.columns]
    found = []
    for row in reversed(answer.rows):
        facts = dict(zip(names, row, strict=True))
        cells = []
        for column in columns:
            made = cell(answer, column, facts[column.name], linking)
            if column.name == time:
                over = facts.get("complete", True)
                made = _step(answer, linking, facts[column.name], over=bool(over))  # type: ignore[arg-type]
            elif f"{column.name}_before" in facts:
                old = answer.columns[names.index(f"{column.name}_before")]
                value = written(answer, old, facts[old.name], linking)
                made = Cell(made.text, small=say("cell.before", value=value), number=made.number,
                            soft=made.soft)  # fmt: skip
            cells.append(made)
        found.append(cells)
    return found


def _step(answer: Answer, linking: Linking, start: date, *, over: bool) -> Cell:
    """The head of a row: its step, which leads to what is behind."""
    name = moment(answer, start)
    if not _leads(answer):
        return Cell(name, small="" if over else say("cell.not_over"))
    return Cell(
        name,
        linking.behind(answer, start),
        say("cell.open_list" if linking.raw else "cell.open_versions", value=name),
        "" if over else say("cell.not_over"),
    )


def shares(answer: Answer, _: Figure, linking: Linking) -> Drawn:
    """The values of one dimension over time, as shares of the whole."""
    time, split = _time_and_split(answer)
    days: list[date] = list(dict.fromkeys(answer.column(time)))  # type: ignore[arg-type]
    places = {day: place for place, day in enumerate(days)}
    found: dict[str | None, list[float | None]] = {}
    cells = zip(*(answer.column(n) for n in (time, split.name, "share")), strict=True)
    for day, value, share in cells:
        series = found.setdefault(value, [None] * len(days))
        series[places[day]] = share
    layers = charts.layers_of(found)
    if not any(layer.latest for layer in layers):
        return Drawn((), ())
    if not linking.raw:
        layers = charts.with_withheld(layers)
    chart = charts.shares_chart(
        days,
        layers,
        answer.step or Step.DAY,
        label(answer),
        links=_links(answer, linking, days),
        withheld=not linking.raw,
        marks=_marks(answer, days),
    )
    trait = linking.trait(answer, split)
    addresses = [
        linking.value(answer, split, layer.key)[0] if layer.key else "" for layer in layers
    ]
    heads = [Head(title("column", time, _titled(answer, time)))]
    heads += [
        Head(layer.name, number=True, address=address)
        for layer, address in zip(layers, addresses, strict=True)
    ]

    def share_of(layer: charts.Layer, day: date, place: int) -> Cell:
        """With raw access it leads to the instances behind it."""
        share = layer.shares[place]
        if share is None:
            return Cell(linking.missing, number=True, soft=True)
        text = formats.share(share)
        if not linking.raw or not share or not trait or layer.key is None:
            return Cell(text, number=True)
        does = say("cell.open_list", value=f"{layer.key}, {moment(answer, day)}")
        return Cell(text, linking.behind(answer, day, (trait, layer.key)), does, number=True)

    complete = dict(zip(answer.column(time), answer.column("complete"), strict=True))
    rows = [
        [
            _step(answer, linking, day, over=bool(complete[day])),
            *(share_of(layer, day, place) for layer in layers),
        ]
        for place, day in reversed(list(enumerate(days)))
    ]
    legend = [
        Key(layer.name, layer.colour, formats.share(layer.latest), address)
        for layer, address in zip(layers, addresses, strict=True)
    ]
    return Drawn(heads, rows, chart, legend)


def stack(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """Several counts of each step on each other."""
    days: list[date] = answer.column("period")  # type: ignore[assignment]
    titles = {column.name: title("column", column.name, column.title) for column in answer.columns}
    parts = [
        charts.Part(titles[name], colour, tuple(answer.column(name)))  # type: ignore[arg-type]
        for name, colour in PARTS.items()
    ]
    rows = _rows(answer, figure, linking, "period")
    some = any(count for part in parts for count in part.counts)
    chart = charts.stack_chart(
        days, parts, answer.step or Step.DAY, label(answer),
        links=_links(answer, linking, days), withheld=not linking.raw,
        marks=_marks(answer, days),
    )  # fmt: skip
    heads = [head(column) for column in shown_columns(answer, figure.only)]
    legend = [Key(part.name, part.colour) for part in parts]
    return Drawn(heads, rows, chart, legend) if some else Drawn((), ())


def label(answer: Answer) -> str:
    """What a screen reader says of a chart."""
    return say(
        "chart.label",
        title=title("question", answer.question, answer.title),
        first=formats.day(answer.period.first),
        last=formats.day(answer.period.last),
    )


def _links(answer: Answer, linking: Linking, days: list[date]) -> list[str]:
    return [linking.behind(answer, day) for day in days] if linking.leads and _leads(answer) else []


def _marks(answer: Answer, days: list[date]) -> tuple[charts.Mark, ...]:
    return charts.marks_of([(each.day, each.version) for each in answer.releases], days)


def _leads(answer: Answer) -> bool:
    """Whether what is behind a step is more than this page shows."""
    return answer.question not in ("instance_history", "advisory_spread")


def _numbers(answer: Answer, column: Column) -> list[float | None]:
    """The values of a column; a share of nothing is not known."""
    cells = answer.column(column.name)
    whole = answer.column(column.over) if column.over else [1] * len(cells)
    return [
        cell if isinstance(cell, int | float) and over != 0 else None
        for cell, over in zip(cells, whole, strict=True)
    ]


def _percent(value: float | None) -> str:
    return f"{(value or 0) * 100:.0f}%"


def _time_and_split(answer: Answer) -> tuple[str, Column]:
    dimensions = [column for column in answer.columns if column.dimension]
    time = next(column.name for column in dimensions if column.type == "date")
    return time, next(column for column in dimensions if column.type != "date")


def _titled(answer: Answer, name: str) -> str:
    return next(column.title for column in answer.columns if column.name == name)
