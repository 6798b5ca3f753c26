"""Counts over time: columns while they are few, a line over a filled area when they are many."""

from collections.abc import Iterator, Sequence
from datetime import date

from markupsafe import Markup

from glasshouse.console import formats
from glasshouse.console.charts.plot import (
    SIZES,
    Plot,
    Size,
    axes,
    drawn,
    hovers,
    points,
    round_top,
    step_title,
)
from glasshouse.insight.period import Step

MOST_COLUMNS = 40


def counts_chart(
    days: Sequence[date],
    counts: Sequence[int],
    complete: Sequence[bool],
    *,
    step: Step,
    label: str,
    unit: str,
) -> Markup:
    """One count a step. What is not complete yet is drawn lighter, and says so."""
    tips = [
        f"{step_title(start, step)}\n{formats.count(value)} {unit}"
        + ("" if over else "\nnot over yet")
        for start, value, over in zip(days, counts, complete, strict=True)
    ]

    def draw(size: Size) -> Iterator[Markup]:
        plot = Plot(size, len(days), round_top(max(counts, default=0)))
        yield from axes(plot, days, step, formats.count)
        if len(days) <= MOST_COLUMNS:
            yield from _columns(plot, counts, complete)
        else:
            yield from _line(plot, counts, complete)
        yield from hovers(plot, tips)

    return drawn(SIZES, draw, label)


def _columns(plot: Plot, counts: Sequence[int], complete: Sequence[bool]) -> Iterator[Markup]:
    width = min(plot.slot * 0.72, 44)
    for place, (value, over) in enumerate(zip(counts, complete, strict=True)):
        if not value:
            continue
        y = plot.y(value)
        yield Markup(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>'
        ).format(
            "column" if over else "column growing", round(plot.x(place) - width / 2, 1),
            round(y, 1), round(width, 1), round(plot.y(0) - y, 1), 2 if width > 6 else 0,
        )  # fmt: skip


def _line(plot: Plot, counts: Sequence[int], complete: Sequence[bool]) -> Iterator[Markup]:
    path = [(plot.x(place), plot.y(value)) for place, value in enumerate(counts)]
    ground = plot.y(0)
    area = [(path[0][0], ground), *path, (path[-1][0], ground)]
    yield Markup('<polygon class="area" points="{}"/>').format(points(area))
    over = len(path) if complete[-1] else len(path) - 1
    yield Markup('<polyline class="line" points="{}"/>').format(points(path[:over]))
    if over < len(path):
        yield Markup('<polyline class="line growing" points="{}"/>').format(
            points(path[over - 1 :])
        )
