"""Charts as SVG, drawn on the server: they need no script, and they print.

Each is drawn twice, for wide and for narrow screens; the style sheet shows one. Colours come from
classes, so that light and dark are the style sheet's business. Every text in them is escaped.
"""

from glasshouse.console.charts.counts import Course, counts_chart
from glasshouse.console.charts.releases import Mark, marks_of
from glasshouse.console.charts.shares import Layer, layers_of, shares_chart, with_withheld
from glasshouse.console.charts.spark import bar, sparkline
from glasshouse.console.charts.stack import Part, stack_chart

__all__ = [
    "Course",
    "Layer",
    "Mark",
    "Part",
    "bar",
    "counts_chart",
    "layers_of",
    "marks_of",
    "shares_chart",
    "sparkline",
    "stack_chart",
    "with_withheld",
]
