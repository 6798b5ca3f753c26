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
from glasshouse.insight.queries import periods_of, rows_of
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.store import Store


def answer_version_adoption(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    counts = versions_by_step(store, asked)
    totals: Counter[date] = Counter()
    for (start, _), instances in counts.items():
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
    return VERSION_ADOPTION.answered(
        asked,
        (
            Column("period", asked.step.value.capitalize(), "date", "UTC", dimension=True),
            Column("version", "Version", "text", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of the step's active instances", part="instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows,
        notes=incomplete_note(asked, last_complete=buckets[-1].complete),
        period=asked.period.widened(asked.step),
    )


def versions_by_step(store: Store, asked: Inquiry) -> dict[tuple[date, str | None], int]:
    """Instances by the first day of a step, and the last version each named in it."""
    chosen = asked.chosen(store)
    names = {"periods": periods_of(asked.step), "chosen": chosen.text}
    given = {
        **asked.whose(asked.period.widened(asked.step)),
        **chosen.parameters,
        "country": asked.filters.get("country"),
    }
    found = rows_of(store, "version_adoption", names, given)
    return {(start, version): instances for start, version, instances in found}


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
