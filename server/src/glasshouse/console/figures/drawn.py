"""What a figure is made of, whatever drew it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

MOST_SHOWN = 100
"""Rows of a table on a page; all of them are in the file that it links to."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column."""

    text: str
    unit: str = ""
    number: bool = False
    address: str = ""
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `address`: where a click leads, `does` says in words what it does there.

    `small` stands under it. `heat` is 0 to 10, the shade of the cell; -1 for none. `bar` is a share
    to draw. `country` is a country's two letters, which a script may write out. `english`: the
    text is, whatever the language of the page. `day`: it is one, and stays on one line.
    """

    text: str
    address: str = ""
    does: str = ""
    small: str = ""
    number: bool = False
    heat: int = -1
    bar: float | None = None
    is_bar: bool = False
    soft: bool = False
    country: str = ""
    english: bool = False
    day: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A line of a legend."""

    text: str
    colour: str
    value: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """`rows` are led by the cell that says what they are about. `left_out`: rows not shown."""

    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    chart: Markup | None = None
    legend: Sequence[Key] = ()
    left_out: int = 0

    @property
    def empty(self) -> bool:
        return not self.rows
