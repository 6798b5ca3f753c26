"""What one instance did, day by day.

One row for each day (UTC) of the period on which it sent something: the last version that it named
on that day, and how many items it sent. Days without any are left out. Where its version changes,
`change` says from which.
"""

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store


def answer_instance_history(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    given = {**asked.whose(asked.period), **chosen.parameters}
    given["instance"] = asked.filters["instance"]
    rows: list[tuple[Cell, ...]] = []
    before: str | None = None
    for day, version, items in rows_of(store, "instance_history", {"chosen": chosen.text}, given):
        changed = version is not None and before is not None and version != before
        rows.append((day, version, f"from {before}" if changed else None, items))
        before = version or before
    return INSTANCE_HISTORY.answered(
        asked,
        (
            Column("day", "Day", "date", "UTC", dimension=True),
            Column("version", "Version", "text"),
            Column("change", "Change", "text"),
            Column("items", "Items", "count", "items", "items"),
        ),
        rows,
    )


INSTANCE_HISTORY = Question(
    name="instance_history",
    title="One instance by day",
    answers="On which days was an instance active, and on which version?",
    filters=("instance",),
    required=("instance",),
    steps=False,
    example="glasshouse ask instance_history --product psmdb --where instance=ID",
    answer=answer_instance_history,
    raw=True,
)
