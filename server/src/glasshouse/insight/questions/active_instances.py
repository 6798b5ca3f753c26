"""How many instances are in use.

An instance is active in a day, ISO week or calendar month (UTC) if at least one item of it carries
a time in it; it counts once, whatever it sent. Weeks and months are counted whole: a period that
begins or ends inside one is widened to it. Steps without any item are rows of 0.

`version`: instances that, on at least one day of the step, ended the day on this version.
`country`: instances whose newest known country is this one.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import periods_of, query_text
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store


def answer_active_instances(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    period = asked.period.widened(asked.step)
    whose: dict[str, object] = {
        "product": asked.product,
        "origin": asked.origin.value,
        "first": period.first,
        "last": period.last,
        "country": asked.filters.get("country"),
    }
    version = asked.filters.get("version")
    if version is None:
        text = query_text("active_instances").format(periods=periods_of(asked.step))
        found = store.rows(text, whose)
    else:
        on_version = {"step": asked.step.value, "version": version}
        found = store.rows("active_on_version", whose | on_version)
    counts = dict(found.rows)
    return Answer(
        question=ACTIVE_INSTANCES.name,
        title=ACTIVE_INSTANCES.title,
        product=asked.product,
        origin=asked.origin,
        period=period,
        step=asked.step,
        filters=asked.filters,
        columns=(
            Column("period", asked.step.value.capitalize(), "date", "UTC"),
            Column("instances", "Active instances", "count", "instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows=[(b.first, counts.get(b.first, 0), b.complete) for b in buckets],
        notes=(*asked.notes, *incomplete_note(asked, last_complete=buckets[-1].complete)),
        asked_at=asked.asked_at,
    )


def incomplete_note(asked: Inquiry, *, last_complete: bool) -> tuple[str, ...]:
    """Says that the last step still grows, where it does."""
    if last_complete:
        return ()
    return (f"The last {asked.step.value} is not over yet: its count still grows.",)


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
