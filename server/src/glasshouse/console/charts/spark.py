"""Small drawings inside a line of text or a table cell; the number stands beside them."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from glasshouse.console.charts.plot import points, runs

WIDTH, HEIGHT = 240, 48


def sparkline(values: Sequence[int | None]) -> Markup:
    """The course of a count, without axes. What is withheld is a gap."""
    top = max((value for value in values if value is not None), default=0) or 1
    step = WIDTH / max(len(values) - 1, 1)

    def lines() -> Iterator[Markup]:
        for first, last in runs([value is not None for value in values]):
            path = [
                (n * step, HEIGHT - 3 - (HEIGHT - 6) * (values[n] or 0) / top)
                for n in range(first, last + 1)
            ]
            ground = [(path[-1][0], HEIGHT), (path[0][0], HEIGHT)]
            yield Markup(
                '<polygon class="area" points="{}"/><polyline class="line" points="{}"/>'
            ).format(points([*path, *ground]), points(path))

    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        "{}</svg>"
    ).format(WIDTH, HEIGHT, Markup("").join(lines()))


def bar(share: float | None, colour: str = "c1") -> Markup:
    """A bar of this share (0 to 1) of its cell; an empty one where the share is withheld."""
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="{}" width="100" height="8"/><rect class="{}" width="{}" height="8"/></svg>'
    ).format(
        "track" if share is not None else "track withheld",
        colour,
        round(min(max(share or 0, 0), 1) * 100, 2),
    )
