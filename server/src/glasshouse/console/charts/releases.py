"""Releases on a chart over time: a line at the step in which each came out, and its version."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from glasshouse.console.charts.plot import BOTTOM, RIGHT, TOP, Plot

LETTER = 6.5  # pixels, about
MOST_LETTERS = 14


@dataclass(frozen=True, slots=True)
class Mark:
    """A release in the step at `place`."""

    place: int
    text: str


def marks_of(releases: Sequence[tuple[date, str]], days: Sequence[date]) -> tuple[Mark, ...]:
    """Of releases by day, those that came out in the steps that begin on these days."""
    placed = ((bisect_right(days, day) - 1, text) for day, text in sorted(releases))
    return tuple(Mark(place, text) for place, text in placed if place >= 0)


def release_marks(plot: Plot, marks: Sequence[Mark]) -> Iterator[Markup]:
    """The lines. A version that would lie on another is left to the text below the chart."""
    free = 0.0
    for mark in marks:
        x = plot.x(mark.place)
        yield Markup('<line class="release" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(
            round(x, 1), TOP, plot.size.height - BOTTOM
        )
        width = LETTER * len(mark.text)
        fits = len(mark.text) <= MOST_LETTERS and x + width < plot.size.width - RIGHT
        if fits and x > free:
            yield Markup('<text class="release" x="{}" y="{}">{}</text>').format(
                round(x + 4, 1), TOP + 9, mark.text
            )
            free = x + width + 8
