"""Which pages of a product's web pages are looked at, and where visits begin and end.

A page is the route that the tracker told, one of those that the manifest declares. A visit is a row
of views of one visitor without a pause of more than 30 minutes; views before the period do not
count. Who a visitor is depends on what the manifest lets be kept: without consent, one of a day.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.pages import MOST_ROWS, views_sql
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store


def answer_page_views(store: Store, asked: Inquiry) -> Answer:
    views = views_sql(store, asked)
    given = {**asked.whose(asked.period), **asked.chosen(store).parameters}
    found = rows_of(store, "page_views", {"views": views}, given) if views else []
    whole = sum(row[1] for row in found)
    cut = len(found) - MOST_ROWS
    return PAGE_VIEWS.answered(
        asked,
        (
            Column("page", "Page", "text", dimension=True),
            Column("items", "Views", "count", "views", "items"),
            Column("share", "Share", "share", "of all views", part="items"),
            Column("visitors", "Visitors", "count", "visitors", "instances"),
            Column("entries", "Visits that begin here", "count", "visits", "items"),
            Column("exits", "Visits that end here", "count", "visits", "items"),
        ),
        [
            (page, items, items / whole, visitors, entries, exits)
            for page, items, visitors, entries, exits in found[:MOST_ROWS]
        ],
        notes=(f"{cut:,} rarer pages are not listed.",) if cut > 0 else (),
    )


PAGE_VIEWS = Question(
    name="page_views",
    title="Pages",
    answers="Which web pages are looked at, by how many, and where do visits begin and end?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask page_views --product puppet-enterprise --period 30d",
    answer=answer_page_views,
)
