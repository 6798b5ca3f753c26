"""One figure over time: columns while they are few, a line over a filled area when they are many.

A value of None is not drawn at all: where it was withheld a mark on the ground says so, for it is
not nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    runs,
    step_title,
    withheld_marks,
)
from glasshouse.console.charts.releases import Mark, release_marks
from glasshouse.console.words import say
from glasshouse.insight.period import Step

MOST_COLUMNS = 40

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Course:
    """What is drawn: a value a step, and perhaps the one of the same step of the period before.

    `complete`: the step is over. `links`: what is behind a step, as addresses. `text` writes a
    value, `unit` follows it; `axis` writes it beside the grid. `top`: the end of the axis, unless
    the values say it. `withheld`: a value that is not there was withheld. `marks`: releases.
    """

    days: Sequence[date]
    values: Values
    complete: Sequence[bool]
    step: Step
    label: str
    unit: str = ""
    before: Values = ()
    links: Sequence[str] = ()
    text: Callable[[float | None], str] = formats.count
    axis: Callable[[float | None], str] = formats.count
    top: float | None = None
    withheld: bool = False
    marks: Sequence[Mark] = ()


def counts_chart(course: Course) -> Markup:
    """The drawing. What is not complete yet is drawn lighter, and says so."""
    known = [value for value in (*course.values, *course.before) if value is not None]
    top = course.top or round_top(max(known, default=0))
    tips = [_tip(course, place) for place in range(len(course.days))]
    missing = [place for place, value in enumerate(course.values) if value is None]

    def draw(size: Size) -> Iterator[Markup]:
        plot = Plot(size, len(course.days), top)
        yield from axes(plot, course.days, course.step, course.axis)
        if len(course.days) <= MOST_COLUMNS:
            yield from _columns(plot, course)
        else:
            yield from _lines(plot, course)
        if course.before:
            yield from _ghost(plot, course.before)
        if course.withheld:
            yield from withheld_marks(plot, missing)
        yield from release_marks(plot, course.marks)

    return drawn(
        SIZES, draw, course.label, lambda size: hovers(
            Plot(size, len(course.days), top), tips, course.links)
    )  # fmt: skip


def _tip(course: Course, place: int) -> str:
    value = course.values[place]
    lines = [step_title(course.days[place], course.step)]
    if value is None:
        lines.append(say("word.withheld" if course.withheld else "word.not_known"))
    else:
        lines.append(f"{course.text(value)} {course.unit}".strip())
    if course.before and course.before[place] is not None:
        lines.append(say("chart.before", value=course.text(course.before[place])))
    if not course.complete[place]:
        lines.append(say("chart.not_over"))
    return "\n".join(lines)


def _columns(plot: Plot, course: Course) -> Iterator[Markup]:
    width = min(plot.slot * 0.72, 44)
    for place, (value, over) in enumerate(zip(course.values, course.complete, strict=True)):
        if not value:
            continue
        y = plot.y(value)
        yield Markup(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>'
        ).format(
            "column" if over else "column growing", round(plot.x(place) - width / 2, 1),
            round(y, 1), round(width, 1), round(plot.y(0) - y, 1), 2 if width > 6 else 0,
        )  # fmt: skip


def _lines(plot: Plot, course: Course) -> Iterator[Markup]:
    ground = plot.y(0)
    for first, last in runs([value is not None for value in course.values]):
        path = [
            (plot.x(place), plot.y(course.values[place] or 0)) for place in range(first, last + 1)
        ]
        area = [(path[0][0], ground), *path, (path[-1][0], ground)]
        yield Markup('<polygon class="area" points="{}"/>').format(points(area))
        over = len(path) if course.complete[last] else len(path) - 1
        yield Markup('<polyline class="line" points="{}"/>').format(points(path[:over]))
        if over < len(path):
            yield Markup('<polyline class="line growing" points="{}"/>').format(
                points(path[max(over - 1, 0) :])
            )


def _ghost(plot: Plot, before: Values) -> Iterator[Markup]:
    for first, last in runs([value is not None for value in before]):
        path = [(plot.x(place), plot.y(before[place] or 0)) for place in range(first, last + 1)]
        yield Markup('<polyline class="before" points="{}"/>').format(points(path))
