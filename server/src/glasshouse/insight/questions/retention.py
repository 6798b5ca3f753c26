"""How many of the instances that began together are still active later.

A cohort are the instances first seen in one day, ISO week or calendar month (UTC) of the period.
One row for each cohort and each step since: `age` 0 is the cohort's own step. An instance counts in
a step if it was active in it, whatever it did in between. A cohort without instances has no row.
"""

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import periods_of, rows_of
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.store import Store

MOST_COHORTS = 100


def answer_retention(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    if len(buckets) > MOST_COHORTS:
        found = f"{len(buckets)} cohorts, one for each {asked.step.value}"
        raise QuestionError("by", found, f"at most {MOST_COHORTS}: a longer step, or fewer days")
    period = asked.period.widened(asked.step)
    chosen = asked.chosen(store)
    counted = {
        (cohort, start): instances
        for cohort, start, instances in rows_of(
            store,
            "retention",
            {
                "periods": periods_of(asked.step),
                "step": asked.step.value,
                "chosen": chosen.text,
            },
            {**asked.whose(period), **chosen.parameters},
        )
    }
    rows: list[tuple[Cell, ...]] = []
    for number, cohort in enumerate(buckets):
        whole = counted.get((cohort.first, cohort.first), 0)
        if not whole:
            continue
        for age, bucket in enumerate(buckets[number:]):
            instances = counted.get((cohort.first, bucket.first), 0)
            rows.append((cohort.first, age, whole, instances, instances / whole, bucket.complete))
    return RETENTION.answered(
        asked,
        (
            Column("cohort", f"First {asked.step.value}", "date", "UTC", dimension=True),
            Column("age", f"{asked.step.value.capitalize()}s later", "number", dimension=True),
            Column("cohort_instances", "Cohort", "count", "instances", "instances"),
            Column("instances", "Still active", "count", "instances", "instances"),
            Column("share", "Share", "share", "of the cohort",
                   over="cohort_instances", part="instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows,
        notes=incomplete_note(asked, last_complete=buckets[-1].complete),
        period=period,
    )  # fmt: skip


RETENTION = Question(
    name="retention",
    title="Retention by first step",
    answers="How many of the instances that began together are still active later?",
    filters=(),
    required=(),
    steps=True,
    example="glasshouse ask retention --product psmdb --by month --period 12m",
    answer=answer_retention,
)
