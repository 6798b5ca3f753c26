"""Items that were refused in the period, by the version that sent them and by the reason.

A row without a version holds what came without one, or with one that may not be shown: a refused
item is not stored, and of its version only numbers are kept. Counted is by day of receipt, since
the collector counts so; nobody knows the origin of what was refused. `docs/reference/reasons.md`
says what each reason means.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store


def answer_refused_items(store: Store, asked: Inquiry) -> Answer:
    found = rows_of(store, "refused_items", {}, asked.whose(asked.period))
    whole = sum(items for _, _, _, items, _ in found)
    return REFUSED_ITEMS.answered(
        asked,
        (
            Column("version", "Version", "text", dimension=True),
            Column("outcome", "Outcome", "text", dimension=True),
            Column("reason", "Reason", "text", dimension=True),
            Column("items", "Items", "count", "items", "items"),
            Column("share", "Share", "share", "of what was refused", part="items"),
            Column("last_day", "Last on", "date", "UTC", over="items"),
        ),
        [
            (version, outcome, reason, items, items / whole, last_day)
            for version, outcome, reason, items, last_day in found
        ],
        notes=("Of every origin: what was refused was not kept.",),
    )


REFUSED_ITEMS = Question(
    name="refused_items",
    title="What was refused, by client version",
    answers="Which client versions send items that are refused, and why?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask refused_items --product psmdb --period 30d",
    answer=answer_refused_items,
    narrows=False,
    raw=True,
)
