"""How many instances are in use.

An instance is active in a day, ISO week or calendar month (UTC) if at least one item of it carries
a time in it; it counts once, whatever it sent. Weeks and months are counted whole: a period that
begins or ends inside one is widened to it. Steps without any item are rows of 0.

`version`: instances that, on at least one day of the step, ended the day on this version.
`country`: instances whose newest known country is this one.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import periods_of, rows_of
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.store import Store


def answer_active_instances(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    period = asked.period.widened(asked.step)
    chosen = asked.chosen(store)
    given = {
        **asked.whose(period),
        **chosen.parameters,
        "country": asked.filters.get("country"),
        "version": asked.filters.get("version"),
        "step": asked.step.value,
    }
    name = "active_on_version" if "version" in asked.filters else "active_instances"
    names = {"periods": periods_of(asked.step), "chosen": chosen.text}
    counts = dict(rows_of(store, name, names, given))
    return ACTIVE_INSTANCES.answered(
        asked,
        (
            Column("period", asked.step.value.capitalize(), "date", "UTC", dimension=True),
            Column("instances", "Active instances", "count", "instances", "instances"),
            Column("complete", "Complete", "boolean"),
        ),
        [(b.first, counts.get(b.first, 0), b.complete) for b in buckets],
        notes=incomplete_note(asked, last_complete=buckets[-1].complete),
        period=period,
    )


ACTIVE_INSTANCES = Question(
    name="active_instances",
    title="Active instances",
    answers="How many instances sent at least one item, per day, week or month?",
    filters=("version", "country"),
    required=(),
    steps=True,
    example="glasshouse ask active_instances --product psmdb --by week",
    answer=answer_active_instances,
)
