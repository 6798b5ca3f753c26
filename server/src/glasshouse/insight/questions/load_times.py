"""How long web pages take to load.

Of the page views that told their `load_time`, in its declared unit: the median, and what a quarter
and a twentieth of them exceed (between two measured values, as far as the rank lies between them).
Pages and visitors are those of `page_views`.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.pages import MOST_ROWS, page_names, page_view
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store


def answer_load_times(store: Store, asked: Inquiry) -> Answer:
    item = page_view(asked)
    if "load_time" not in item.fields:
        found = f"'{asked.product}', whose page views have none"
        raise QuestionError("product", found, f"a field 'load_time' in {item.path}")
    names = page_names(store, asked, item)
    given = {**asked.whose(asked.period), **asked.chosen(store).parameters}
    rows = rows_of(store, "load_times", names, given) if names else []
    unit = item.fields["load_time"].unit
    cut = len(rows) - MOST_ROWS
    return LOAD_TIMES.answered(
        asked,
        (
            Column("page", "Page", "text", dimension=True),
            Column("items", "Measured views", "count", "views", "items"),
            Column("visitors", "Visitors", "count", "visitors", "instances"),
            Column("median", "Median", "number", unit, over="items"),
            Column("slow", "A quarter takes longer than", "number", unit, over="items"),
            Column("slowest", "A twentieth takes longer than", "number", unit, over="items"),
        ),
        rows[:MOST_ROWS],
        notes=(f"{cut:,} rarer pages are not listed.",) if cut > 0 else (),
    )


LOAD_TIMES = Question(
    name="load_times",
    title="Load times of pages",
    answers="How long do web pages take to load?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask load_times --product puppet-enterprise --period 30d",
    answer=answer_load_times,
)
