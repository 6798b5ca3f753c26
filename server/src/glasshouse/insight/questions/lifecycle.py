"""Where the active instances of each step come from, and where they go.

Of the instances active in a day, ISO week or calendar month (UTC), each is one of

- new: the first item ever seen of it carries a time in this step,
- retained: it was active in the step before, too,
- returned: it is older, and was silent in the step before.

Lost are those that were active in the step before and are not in this one; of a step that is not
over, that is not known yet. So `instances` = new + retained + returned, and the instances of one
step are those of the step before + new + returned - lost.
"""

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.period import previous_start
from glasshouse.insight.queries import periods_of, rows_of
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.store import Store


def answer_lifecycle(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    period = asked.period.widened(asked.step)
    before = previous_start(period.first, asked.step)
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "lifecycle",
        {"periods": periods_of(asked.step), "chosen": chosen.text, "step": asked.step.value},
        {**asked.whose(period), **chosen.parameters, "before": before},
    )
    counts = {start: (instances, retained, new) for start, instances, retained, new in found}
    rows: list[tuple[Cell, ...]] = []
    earlier = counts.get(before, (0, 0, 0))[0]
    for bucket in buckets:
        instances, retained, new = counts.get(bucket.first, (0, 0, 0))
        lost = earlier - retained if bucket.complete else None
        returned = instances - retained - new
        rows.append((bucket.first, instances, new, retained, returned, lost, bucket.complete))
        earlier = instances
    return LIFECYCLE.answered(
        asked,
        (
            Column("period", asked.step.value.capitalize(), "date", "UTC", dimension=True),
            Column("instances", "Active instances", "count", "instances", "instances"),
            Column("new", "New", "count", "instances", "instances"),
            Column("retained", "Retained", "count", "instances", "instances"),
            Column("returned", "Returned", "count", "instances", "instances"),
            Column("lost", "Lost", "count", "instances", "instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows,
        notes=incomplete_note(asked, last_complete=buckets[-1].complete),
        period=period,
    )


LIFECYCLE = Question(
    name="lifecycle",
    title="New, retained, returned and lost instances",
    answers="How many instances are new, stayed, came back or were lost, per day, week or month?",
    filters=(),
    required=(),
    steps=True,
    example="glasshouse ask lifecycle --product psmdb --by month --period 12m",
    answer=answer_lifecycle,
)
