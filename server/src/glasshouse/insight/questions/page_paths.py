"""From which page to which people go.

One row for each pair of pages that a visitor saw one after the other within a visit, the most
frequent first. `share` is of all moves that leave the first page; the last view of a visit is none.
Pages, visitors and visits are those of `page_views`.
"""

from collections import Counter

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.pages import MOST_ROWS, views_sql
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store


def answer_page_paths(store: Store, asked: Inquiry) -> Answer:
    views = views_sql(store, asked)
    given = {**asked.whose(asked.period), **asked.chosen(store).parameters}
    found = rows_of(store, "page_paths", {"views": views}, given) if views else []
    leaving: Counter[str] = Counter()
    for page, _, items, _ in found:
        leaving[page] += items
    cut = len(found) - MOST_ROWS
    return PAGE_PATHS.answered(
        asked,
        (
            Column("page", "From", "text", dimension=True),
            Column("next_page", "To", "text", dimension=True),
            Column("items", "Moves", "count", "moves", "items"),
            Column("share", "Share", "share", "of the moves from this page", part="items"),
            Column("visitors", "Visitors", "count", "visitors", "instances"),
        ),
        [
            (page, following, items, items / leaving[page], visitors)
            for page, following, items, visitors in found[:MOST_ROWS]
        ],
        notes=(f"{cut:,} rarer paths are not listed.",) if cut > 0 else (),
    )


PAGE_PATHS = Question(
    name="page_paths",
    title="Paths from page to page",
    answers="From which web page to which do people go?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask page_paths --product puppet-enterprise --period 30d",
    answer=answer_page_paths,
)
