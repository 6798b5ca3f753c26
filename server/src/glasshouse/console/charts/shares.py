"""Shares over time, stacked to 100%: which versions the fleet consists of."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
    step_title,
)
from glasshouse.insight.period import Step

MOST_LAYERS = 7
OTHER = "other versions"
UNNAMED = "no version named"
_FEW = 16
"""Up to this many steps are drawn as columns: an area between so few points would invent values."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One value with its counts by step; `colour` names a class of the style sheet."""

    name: str
    colour: str
    counts: tuple[int, ...]


def layers_of(counts: Mapping[str | None, Sequence[int]]) -> tuple[Layer, ...]:
    """The most frequent values in the order given, the rest as one layer, unnamed ones last."""
    totals = Counter({name: sum(series) for name, series in counts.items() if name is not None})
    # One left over is no "other": it is shown by its name.
    room = MOST_LAYERS if len(totals) > MOST_LAYERS + 1 else MOST_LAYERS + 1
    kept = {name for name, _ in totals.most_common(room)}
    layers = [
        Layer(name, f"c{place}", tuple(counts[name]))
        for place, name in enumerate(name for name in counts if name in kept)
    ]
    rest = [series for name, series in counts.items() if name is not None and name not in kept]
    if rest:
        layers.append(Layer(OTHER, "cother", tuple(map(sum, zip(*rest, strict=True)))))
    if any(counts.get(None, ())):
        layers.append(Layer(UNNAMED, "cnone", tuple(counts[None])))
    return tuple(layers)


def shares_chart(days: Sequence[date], layers: Sequence[Layer], step: Step, label: str) -> Markup:
    """The layers stacked, the first on top. A step without any count is a gap."""
    totals = [sum(counts) for counts in zip(*(layer.counts for layer in layers), strict=True)]
    tips = [_tip(place, start, layers, totals[place], step) for place, start in enumerate(days)]

    def draw(size: Size) -> Iterator[Markup]:
        plot = Plot(size, len(days), 1.0)
        yield from axes(plot, days, step, lambda value: f"{value * 100:.0f}%")
        for first, last in _runs(totals):
            if len(days) <= _FEW or first == last:
                yield from _columns(plot, layers, totals, first, last)
            else:
                yield from _areas(plot, layers, totals, first, last)
        yield from hovers(plot, tips)

    return drawn(SIZES, draw, label)


def _tip(place: int, start: date, layers: Sequence[Layer], total: int, step: Step) -> str:
    lines = [step_title(start, step)]
    lines += [
        f"{layer.name}\t{formats.share(layer.counts[place] / total)}"
        for layer in layers
        if layer.counts[place]
    ]
    return "\n".join(lines if total else [*lines, "no active instances"])


def _runs(totals: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last place of each stretch of steps that have counts."""
    first = None
    for place, total in enumerate([*totals, 0]):
        if total and first is None:
            first = place
        elif not total and first is not None:
            yield first, place - 1
            first = None


def _bounds(
    layers: Sequence[Layer], totals: Sequence[int], place: int
) -> Iterator[tuple[Layer, float, float]]:
    """Each layer with the shares between which it lies, from the top down."""
    upper = totals[place]
    for layer in layers:
        lower = upper - layer.counts[place]
        yield layer, lower / totals[place], upper / totals[place]
        upper = lower


def _areas(
    plot: Plot, layers: Sequence[Layer], totals: Sequence[int], first: int, last: int
) -> Iterator[Markup]:
    places = range(first, last + 1)
    bounds = [list(_bounds(layers, totals, place)) for place in places]
    for number, layer in enumerate(layers):
        upper = [(plot.x(p), plot.y(bounds[i][number][2])) for i, p in enumerate(places)]
        lower = [(plot.x(p), plot.y(bounds[i][number][1])) for i, p in enumerate(places)]
        yield Markup('<polygon class="layer {}" points="{}"/>').format(
            layer.colour, points([*upper, *reversed(lower)])
        )


def _columns(
    plot: Plot, layers: Sequence[Layer], totals: Sequence[int], first: int, last: int
) -> Iterator[Markup]:
    width = min(plot.slot * 0.8, 56)
    for place in range(first, last + 1):
        for layer, lower, upper in _bounds(layers, totals, place):
            if upper > lower:
                x, y, height = (
                    plot.x(place) - width / 2,
                    plot.y(upper),
                    plot.y(lower) - plot.y(upper),
                )
                yield Markup(
                    '<rect class="layer {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                ).format(layer.colour, x, y, width, height)
