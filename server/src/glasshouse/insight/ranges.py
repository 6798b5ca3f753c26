"""Ranges of numbers: they begin at 0, or at 1, 2 or 5 times a power of ten."""

import math


def range_start(value: float) -> float:
    """The bound of the range that a number of 0 or more lies in."""
    if value <= 0:
        return 0.0
    magnitude = 10.0 ** math.floor(math.log10(value))
    return next(n * magnitude for n in (5, 2, 1) if n == 1 or value >= n * magnitude)


def range_label(low: float, *, whole: bool) -> str:
    """The range that begins at this bound: `20 to 49` of whole numbers, `20 to <50` of others.

    Below zero it is the mirror image: `-49 to -20`.
    """
    if low == 0:
        return "0"
    near = abs(low)
    far = near * _WIDTHS[f"{near:e}"[0]]
    if whole:
        bounds = (near,) if far - near == 1 else (near, far - 1)
        texts = [f"{bound:,.0f}" for bound in bounds]
    else:
        texts = [f"{near:,.6g}", f"<{far:,.6g}"]
    if low < 0:
        texts = [f"-{text}" if text[0] != "<" else f">-{text[1:]}" for text in reversed(texts)]
    return " to ".join(texts)


# How far the next bound is, by the first digit of this one: 1, 2, 5, 10, 20, 50 …
_WIDTHS = {"1": 2.0, "2": 2.5, "5": 2.0}
