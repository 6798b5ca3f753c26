"""Several counts of each step on each other."""

from collections.abc import Iterator, Sequence
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
    round_top,
    runs,
    step_title,
    withheld_marks,
)
from glasshouse.console.charts.releases import Mark, release_marks
from glasshouse.console.words import say
from glasshouse.insight.period import Step


@dataclass(frozen=True, slots=True)
class Part:
    """One of the counts, by step; None where it is not known."""

    name: str
    colour: str
    counts: tuple[int | None, ...]


def stack_chart(
    days: Sequence[date],
    parts: Sequence[Part],
    step: Step,
    label: str,
    *,
    links: Sequence[str] = (),
    withheld: bool = False,
    marks: Sequence[Mark] = (),
) -> Markup:
    """Columns of the parts, the first at the ground."""
    totals = [sum(part.counts[place] or 0 for part in parts) for place in range(len(days))]
    top = round_top(max(totals, default=0))
    known = [any(part.counts[place] is not None for part in parts) for place in range(len(days))]
    tips = [_tip(place, start, parts, step) for place, start in enumerate(days)]

    def draw(size: Size) -> Iterator[Markup]:
        plot = Plot(size, len(days), top)
        yield from axes(plot, days, step, formats.count)
        for first, last in runs([bool(total) for total in totals]):
            for place in range(first, last + 1):
                yield from _column(plot, parts, place)
        if withheld:
            yield from withheld_marks(plot, [n for n, here in enumerate(known) if not here])
        yield from release_marks(plot, marks)

    return drawn(SIZES, draw, label, lambda size: hovers(Plot(size, len(days), top), tips, links))


def _column(plot: Plot, parts: Sequence[Part], place: int) -> Iterator[Markup]:
    width = min(plot.slot * 0.8, 44)
    low = 0
    for part in parts:
        count = part.counts[place] or 0
        if not count:
            continue
        y, ground = plot.y(low + count), plot.y(low)
        yield Markup(
            '<rect class="layer {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
        ).format(part.colour, plot.x(place) - width / 2, y, width, ground - y)
        low += count


def _tip(place: int, start: date, parts: Sequence[Part], step: Step) -> str:
    lines = [step_title(start, step)]
    for part in parts:
        count = part.counts[place]
        lines.append(
            f"{part.name}\t{say('word.not_known') if count is None else formats.count(count)}"
        )
    return "\n".join(lines)
