"""Small drawings inside a line of text or a table cell; the number stands beside them."""

from collections.abc import Sequence

from markupsafe import Markup

from glasshouse.console.charts.plot import points

WIDTH, HEIGHT = 240, 48


def sparkline(values: Sequence[int]) -> Markup:
    """The course of a count, without axes."""
    top = max(values, default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)
    path = [(n * step, HEIGHT - 3 - (HEIGHT - 6) * v / top) for n, v in enumerate(values)]
    ground = [(WIDTH, HEIGHT), (0, HEIGHT)]
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon class="area" points="{}"/><polyline class="line" points="{}"/></svg>'
    ).format(WIDTH, HEIGHT, points([*path, *ground]), points(path))


def bar(share: float | None, colour: str = "c1") -> Markup:
    """A bar of this share (0 to 1) of its cell; none where the share is withheld."""
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="8"/><rect class="{}" width="{}" height="8"/></svg>'
    ).format(colour, round(min(max(share or 0, 0), 1) * 100, 2))
