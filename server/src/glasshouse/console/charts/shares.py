"""Shares over time, stacked to 100%: which versions the fleet consists of."""

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
    runs,
    step_title,
    withheld_marks,
)
from glasshouse.console.charts.releases import Mark, release_marks
from glasshouse.console.words import say
from glasshouse.insight.period import Step

MOST_LAYERS = 7
_FEW = 16
"""Up to this many steps are drawn as columns: an area between so few points would invent values."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One value with its shares by step, None where withheld; `colour` is of the style sheet.

    `key`: the value itself; None where the layer is several, or none.
    """

    name: str
    colour: str
    shares: tuple[float | None, ...]
    key: str | None = None

    @property
    def latest(self) -> float | None:
        """The newest share that is known."""
        return next((share for share in reversed(self.shares) if share is not None), None)


def layers_of(shares: Mapping[str | None, Sequence[float | None]]) -> tuple[Layer, ...]:
    """The largest values in the order given, the rest as one layer, unnamed ones last."""
    named = {name: series for name, series in shares.items() if name is not None}
    # One left over is no "other": it is shown by its name.
    room = MOST_LAYERS if len(named) > MOST_LAYERS + 1 else MOST_LAYERS + 1
    kept = _largest(named, room)
    layers = [
        Layer(name, f"c{place}", tuple(shares[name]), name)
        for place, name in enumerate(name for name in shares if name in kept)
        if name is not None
    ]
    rest = [series for name, series in shares.items() if name is not None and name not in kept]
    if rest:
        layers.append(Layer(say("chart.other"), "cother", _added(rest)))
    if any(shares.get(None, ())):
        layers.append(Layer(say("chart.unnamed"), "cnone", tuple(shares[None])))
    return tuple(layers)


def _largest(shares: Mapping[str, Sequence[float | None]], room: int) -> frozenset[str]:
    """Half of them are the largest now, so that a new release is seen; the others in all steps."""
    now = {
        name: next((s for s in reversed(series) if s is not None), 0.0)
        for name, series in shares.items()
    }
    newly = sorted(shares, key=lambda name: -now[name])[: room // 2]
    ever = sorted(shares, key=lambda name: -_sum(shares[name]))
    return frozenset(list(dict.fromkeys([*newly, *ever]))[:room])


def with_withheld(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """What is missing to the whole is a layer of its own, where it was withheld."""
    steps = list(zip(*(layer.shares for layer in layers), strict=True))
    missing = tuple(max(0.0, round(1 - _sum(step), 4)) if any(step) else None for step in steps)
    if not any(missing):
        return layers
    return (*layers, Layer(say("word.withheld"), "cwithheld", missing))


def shares_chart(
    days: Sequence[date],
    layers: Sequence[Layer],
    step: Step,
    label: str,
    *,
    links: Sequence[str] = (),
    withheld: bool = False,
    marks: Sequence[Mark] = (),
) -> Markup:
    """The layers stacked, the first on top. A step of which nothing is known is a gap."""
    known = [[layer.shares[place] or 0.0 for layer in layers] for place in range(len(days))]
    totals = [sum(shares) for shares in known]
    tips = [_tip(place, start, layers, step) for place, start in enumerate(days)]

    def draw(size: Size) -> Iterator[Markup]:
        plot = Plot(size, len(days), 1.0)
        yield from axes(plot, days, step, lambda value: f"{value * 100:.0f}%")
        for first, last in runs([bool(total) for total in totals]):
            if len(days) <= _FEW or first == last:
                yield from _columns(plot, layers, known, first, last)
            else:
                yield from _areas(plot, layers, known, first, last)
        if withheld:
            yield from withheld_marks(plot, [n for n, total in enumerate(totals) if not total])
        yield from release_marks(plot, marks)

    return drawn(SIZES, draw, label, lambda size: hovers(Plot(size, len(days), 1.0), tips, links))


def _tip(place: int, start: date, layers: Sequence[Layer], step: Step) -> str:
    lines = [
        f"{layer.name}\t{formats.share(layer.shares[place])}"
        for layer in layers
        if layer.shares[place]
    ]
    return "\n".join([step_title(start, step), *(lines or [say("word.not_known")])])


def _bounds(shares: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The shares between which each layer lies, from the top down; of the whole that is known."""
    total = sum(shares)
    upper = total
    for share in shares:
        yield (upper - share) / total, upper / total
        upper -= share


def _areas(
    plot: Plot, layers: Sequence[Layer], known: Sequence[Sequence[float]], first: int, last: int
) -> Iterator[Markup]:
    places = range(first, last + 1)
    bounds = [list(_bounds(known[place])) for place in places]
    for number, layer in enumerate(layers):
        upper = [(plot.x(p), plot.y(bounds[i][number][1])) for i, p in enumerate(places)]
        lower = [(plot.x(p), plot.y(bounds[i][number][0])) for i, p in enumerate(places)]
        yield Markup('<polygon class="layer {}" points="{}"/>').format(
            layer.colour, points([*upper, *reversed(lower)])
        )


def _columns(
    plot: Plot, layers: Sequence[Layer], known: Sequence[Sequence[float]], first: int, last: int
) -> Iterator[Markup]:
    width = min(plot.slot * 0.8, 56)
    for place in range(first, last + 1):
        for layer, (lower, upper) in zip(layers, _bounds(known[place]), strict=True):
            if upper > lower:
                yield Markup(
                    '<rect class="layer {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                ).format(
                    layer.colour, plot.x(place) - width / 2, plot.y(upper), width,
                    plot.y(lower) - plot.y(upper),
                )  # fmt: skip


def _sum(series: Sequence[float | None]) -> float:
    return sum(share for share in series if share is not None)


def _added(several: Sequence[Sequence[float | None]]) -> tuple[float | None, ...]:
    return tuple(
        _sum(step) if any(share is not None for share in step) else None
        for step in zip(*several, strict=True)
    )
