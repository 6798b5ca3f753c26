"""Which versions the active instances run, over time.

In each day, ISO week or calendar month (UTC) every active instance counts once, under the last
version that it named in that step; one that named none counts under no version. The shares of a
step add up to 1. Every version of the period has a row in every step, newest version first.

`country`: instances whose newest known country is this one.
"""

from collections import Counter
from datetime import date

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import periods_of, query_text
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.questions.active_instances import incomplete_note
from glasshouse.store import Store


def answer_version_adoption(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    period = asked.period.widened(asked.step)
    found = store.rows(
        query_text("version_adoption").format(periods=periods_of(asked.step)),
        {
            "product": asked.product,
            "origin": asked.origin.value,
            "first": period.first,
            "last": period.last,
            "country": asked.filters.get("country"),
        },
    )
    counts: dict[tuple[date, str | None], int] = {}
    totals: Counter[date] = Counter()
    for start, version, instances in found.rows:
        counts[start, version] = instances
        totals[start] += instances
    versions = sorted({version for _, version in counts}, key=version_key, reverse=True)
    rows = [
        (
            bucket.first,
            version,
            counts.get((bucket.first, version), 0),
            counts.get((bucket.first, version), 0) / totals[bucket.first]
            if totals[bucket.first]
            else 0.0,
            bucket.complete,
        )
        for bucket in buckets
        for version in versions
    ]
    return Answer(
        question=VERSION_ADOPTION.name,
        title=VERSION_ADOPTION.title,
        product=asked.product,
        origin=asked.origin,
        period=period,
        step=asked.step,
        filters=asked.filters,
        columns=(
            Column("period", asked.step.value.capitalize(), "date", "UTC"),
            Column("version", "Version", "text"),
            Column("instances", "Instances", "count", "instances"),
            Column("share", "Share", "share", "of the step's active instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows=rows,
        notes=(*asked.notes, *incomplete_note(asked, last_complete=buckets[-1].complete)),
        asked_at=asked.asked_at,
    )


VERSION_ADOPTION = Question(
    name="version_adoption",
    title="Version adoption",
    answers="Which versions do the active instances run, per day, week or month?",
    filters=("country",),
    required=(),
    steps=True,
    example="glasshouse ask version_adoption --product psmdb --by week --format csv",
    answer=answer_version_adoption,
)
