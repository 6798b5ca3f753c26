"""The frame of a chart over time: its size, its axes, and the places where a pointer asks."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from glasshouse.console import formats
from glasshouse.insight.period import Step


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a drawing at its natural scale, and how many labels fit below it."""

    name: str
    width: int
    height: int
    labels: int


SIZES = (Size("broad", 920, 268, 9), Size("narrow", 370, 236, 4))

LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 26


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of `steps` slots side by side, with values from 0 to `top`."""

    size: Size
    steps: int
    top: float

    @property
    def slot(self) -> float:
        return (self.size.width - LEFT - RIGHT) / max(self.steps, 1)

    def x(self, place: float) -> float:
        """The middle of a slot."""
        return LEFT + (place + 0.5) * self.slot

    def y(self, value: float) -> float:
        return TOP + (1 - value / self.top) * (self.size.height - TOP - BOTTOM)


def drawn(
    sizes: Iterable[Size],
    draw: Callable[[Size], Iterable[Markup]],
    label: str,
    over: Callable[[Size], Iterable[Markup]],
) -> Markup:
    """The drawing in every size. `label` is what a screen reader says of it.

    What lies `over` it is for a pointer alone: a screen reader and a keyboard have the table.
    """
    return Markup("").join(
        Markup(
            '<svg class="chart {}" viewBox="0 0 {} {}"><g role="img" aria-label="{}">{}</g>'
            '<g aria-hidden="true">{}</g></svg>'
        ).format(
            size.name, size.width, size.height, label, Markup("").join(draw(size)),
            Markup("").join(over(size)),
        )
        for size in sizes
    )  # fmt: skip


def axes(
    plot: Plot, days: Sequence[date], step: Step, text: Callable[[float], str]
) -> Iterator[Markup]:
    """Grid lines with their values, and dates below."""
    for value in ticks(plot.top):
        y = round(plot.y(value), 1)
        yield Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            LEFT, plot.size.width - RIGHT, y, y
        )
        yield Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
            LEFT - 8, round(y + 4, 1), text(value)
        )
    stride = max(1, math.ceil(len(days) / plot.size.labels))
    for place in range(0, len(days), stride):
        x = plot.x(place)
        text_below = day_label(days[place], days[-1] - days[0], step)
        # A label near an edge would be cut off there.
        anchor = "end" if x > plot.size.width - 40 else "middle"
        yield Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(
            round(x, 1), plot.size.height - 6, anchor, text_below
        )


def hovers(plot: Plot, tips: Sequence[str], links: Sequence[str] = ()) -> Iterator[Markup]:
    """One invisible slot a step: it says its values, shows a line while pointed at, and leads to
    what is behind it. The table has the same links, so that these need no place in the tab order.
    """
    height = plot.size.height - TOP - BOTTOM
    for place, tip in enumerate(tips):
        left = LEFT + place * plot.slot
        slot = Markup(
            '<g class="slot"><rect x="{0}" y="{1}" width="{2}" height="{3}"/>'
            '<line x1="{4}" x2="{4}" y1="{1}" y2="{5}"/><title>{6}</title></g>'
        ).format(
            round(left, 1), TOP, round(plot.slot, 2), height, round(plot.x(place), 1),
            TOP + height, tip,
        )  # fmt: skip
        link = Markup('<a href="{}" tabindex="-1">{}</a>')
        yield link.format(links[place], slot) if links else slot


def withheld_marks(plot: Plot, places: Iterable[int]) -> Iterator[Markup]:
    """A mark on the ground where a value was withheld: it is not nothing."""
    width = max(2.0, min(plot.slot * 0.72, 44))
    for place in places:
        yield Markup('<rect class="withheld" x="{}" y="{}" width="{}" height="5"/>').format(
            round(plot.x(place) - width / 2, 1), round(plot.y(0) - 5, 1), round(width, 1)
        )


def runs(there: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last place of each stretch of what is there."""
    first = None
    for place, here in enumerate([*there, False]):
        if here and first is None:
            first = place
        elif not here and first is not None:
            yield first, place - 1
            first = None


def round_top(highest: float) -> float:
    """The least of 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten that is not below; 4 at least."""
    if highest <= 4:
        return 4.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(n * power for n in (1, 2, 3, 4, 5, 6, 8, 10) if n * power >= highest)


def ticks(top: float) -> tuple[float, ...]:
    """Round values from 0 to `top`, which is 1 or comes from `round_top`."""
    parts = _PARTS[f"{top:e}"[0]]
    return tuple(top * n / parts for n in range(parts + 1))


# Into how many parts an axis is cut, by the first digit of its top, so that each end is round.
_PARTS = {"1": 5, "2": 4, "3": 3, "4": 4, "5": 5, "6": 3, "8": 4}


def day_label(day: date, span: timedelta, step: Step) -> str:
    """A step below the axis: its day, or where years may differ its month."""
    by_month = step is Step.MONTH or span > timedelta(days=250)
    return formats.short_month(day) if by_month else formats.day_of_year(day)


def step_title(day: date, step: Step) -> str:
    """The step's name in a sentence: its day, its week or its month."""
    return _STEPS[step](day)


_STEPS: Mapping[Step, Callable[[date], str]] = {
    Step.DAY: formats.weekday,
    Step.WEEK: formats.week,
    Step.MONTH: formats.month,
}


def points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
