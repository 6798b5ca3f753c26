"""Where the active instances of each step come from, and where they go.

Of the instances active in a day, ISO week or calendar month (UTC), each is one of

- new: the first item ever seen of it carries a time in this step,
- retained: it was active in the step before, too,
- returned: it is older, and was silent in the step before.

Lost are those that were active in the step before and are not in this one; of a step that is not
over, that is not known yet. So `instances` = new + retained + returned, and the instances of one
step are those of the step before + new + returned - lost.
"""

from collections.abc import Sequence
from datetime import date

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.period import previous_start
from glasshouse.insight.queries import periods_of, rows_of
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.store import Store

MOST_STEPS = 120  # as bits of one number

Counts = tuple[int, int, int]
"""Instances of a step: active, active in the step after it too, first seen."""


def answer_lifecycle(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    period = asked.period.widened(asked.step)
    start = previous_start(period.first, asked.step)
    steps = [start, *(bucket.first for bucket in buckets)]
    counts: dict[date, Counts] = {}
    for first in range(0, len(steps) - 1, MOST_STEPS - 1):
        part = steps[first : first + MOST_STEPS]
        last = period.last if part[-1] == steps[-1] else part[-1]
        counts |= _counts(store, asked, part, last)
    rows: list[tuple[Cell, ...]] = []
    earlier, staying, _ = counts[start]
    for bucket in buckets:
        retained = staying
        instances, staying, new = counts[bucket.first]
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


def _counts(store: Store, asked: Inquiry, steps: Sequence[date], last: date) -> dict[date, Counts]:
    """What is counted of steps that follow each other; of the last, nobody is known to stay."""
    chosen = asked.chosen(store)
    names = {
        "periods": periods_of(asked.step),
        "step": asked.step.value,
        "count": str(len(steps)),
        "chosen": chosen.text,
    }
    # Conditions are as of the end of the whole period, whichever part of it this is.
    given = {**asked.whose(asked.period.widened(asked.step)), **chosen.parameters}
    given |= {"start": steps[0], "end": last}
    counts = dict.fromkeys(steps, (0, 0, 0))
    for place, instances, staying, new in rows_of(store, "lifecycle", names, given):
        counts[steps[place]] = (instances, staying, new)
    return counts


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
