"""What a page of a product is: questions with their arrangement. `arrangements.py` is the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from glasshouse.insight.period import Step
from glasshouse_sdk.manifest import Manifest

Drawing = Literal["counts", "course", "shares", "stack", "bars", "matrix", "table", "peers"]
"""How an answer is drawn, above its table or in it:

`counts`   one figure over time,
`course`   a share over time,
`shares`   the shares of the values of one dimension over time, stacked to the whole,
`stack`    several counts of one step on each other,
`bars`     a bar in each row,
`matrix`   the second dimension as columns, the share as the shade of a cell,
`table`    a table alone,
`peers`    a table of measures, each written as what it is.
"""


def always(_: Manifest) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Figure:
    """One question on a page.

    `takes`: words of the page's address that it takes beside what every question takes; without
    those of them that are in `needs` it is not shown. `words`: its own. `shows`: the column that is
    drawn, unless it is the first that can be. `only`: the columns of the table, unless all.
    """

    question: str
    draws: Drawing = "table"
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    shows: str = ""
    only: tuple[str, ...] = ()
    when: Callable[[Manifest], bool] = always


@dataclass(frozen=True, slots=True)
class Asked:
    """A word that a page asks for, and which control asks it: see `templates/controls.html`."""

    name: str
    control: Literal["field", "feature", "trait", "text", "long", "date", "number"]
    default: Callable[[Manifest], str] | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A page: its last part of the address, its questions, and what it asks for.

    `possible`: whether a product with this manifest can have it; where it cannot, the page says so.
    """

    name: str
    figures: tuple[Figure, ...]
    asks: tuple[Asked, ...] = ()
    possible: Callable[[Manifest], bool] = always
    default_by: Step | None = None
    narrows_by: str = ""  # the trait that `id` of the address is a value of
    compares: bool = False  # unless the address says otherwise
    template: str = "question_page"


"""The name is also the key of its words: `page.NAME`, `page.NAME_text`."""
