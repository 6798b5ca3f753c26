"""An answer as a page shows it: a table, above it a chart where there is one to draw."""

from collections.abc import Callable, Mapping

from glasshouse.console.figures import charted, matrix, plain
from glasshouse.console.figures.drawn import Drawn
from glasshouse.console.figures.linking import Linking
from glasshouse.console.pages.arrangement import Drawing, Figure
from glasshouse.insight import Answer

__all__ = ["Drawn", "Linking", "drawn"]

Draw = Callable[[Answer, Figure, Linking], Drawn]

DRAWINGS: Mapping[Drawing, Draw] = {
    "counts": charted.counts,
    "course": charted.course,
    "shares": charted.shares,
    "stack": charted.stack,
    "bars": plain.bars,
    "matrix": matrix.matrix,
    "table": plain.table,
    "peers": plain.peers,
}


def drawn(answer: Answer, figure: Figure, linking: Linking) -> Drawn:
    """The figure of a page, from the answer to its question."""
    return DRAWINGS[figure.draws](answer, figure, linking)
