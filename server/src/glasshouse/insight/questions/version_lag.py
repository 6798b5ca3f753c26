"""How far the fleet is behind the newest release, over time.

In each step, of the active instances that named a version (the last one they named counts): how
many run one of the newest three releases or something newer; the median of the number of releases
newer than theirs; and the median of days behind, by which the newest release came out after theirs.
An instance on the newest release is 0 behind in both.

The releases of a step are those that any instance had run by its end; a pre-release is none. When a
release came out is taken to be the first day on which an instance of this origin ran it.
"""

from collections import defaultdict
from datetime import date

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.period import Bucket
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.insight.questions.version_adoption import versions_by_step
from glasshouse.insight.releases import NEWEST, Releases, release_days, weighted_median
from glasshouse.store import Store


def answer_version_lag(store: Store, asked: Inquiry) -> Answer:
    buckets = asked.period.buckets(asked.step, asked.asked_at.date())
    period = asked.period.widened(asked.step)
    days = release_days(store, asked, period.last)
    on: dict[date, dict[str, int]] = defaultdict(dict)
    for (start, version), instances in versions_by_step(store, asked).items():
        if version is not None:
            on[start][version] = instances
    rows = [_row(bucket, on[bucket.first], days) for bucket in buckets]
    return VERSION_LAG.answered(
        asked,
        (
            Column("period", asked.step.value.capitalize(), "date", "UTC", dimension=True),
            Column("instances", "Instances that name a version", "count", "instances", "instances"),
            Column("newest", "Newest release", "text"),
            Column("on_newest", f"On the newest {NEWEST}", "count", "instances", "instances"),
            Column("share", f"Share on the newest {NEWEST}", "share", "of those that name one",
                   over="instances", part="on_newest"),
            Column("releases_behind", "Releases behind", "number", "median", over="instances"),
            Column("days_behind", "Days behind", "number", "median, days", over="instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows,
        notes=incomplete_note(asked, last_complete=buckets[-1].complete),
        period=period,
    )  # fmt: skip


def _row(bucket: Bucket, on: dict[str, int], days: dict[str, date]) -> tuple[Cell, ...]:
    releases = Releases.of(days, bucket.last)
    instances = sum(on.values())
    newest = sum(n for version, n in on.items() if releases.behind(version) < NEWEST)
    return (
        bucket.first,
        instances,
        releases.newest,
        newest,
        newest / instances if instances else 0.0,
        weighted_median((releases.behind(version), n) for version, n in on.items()),
        weighted_median(
            (releases.days_behind(version, days[version]), n) for version, n in on.items()
        ),
        bucket.complete,
    )


VERSION_LAG = Question(
    name="version_lag",
    title="How far behind the newest release",
    answers="How many instances run one of the newest three releases, and how far behind are they?",
    filters=(),
    required=(),
    steps=True,
    example="glasshouse ask version_lag --product psmdb --by week",
    answer=answer_version_lag,
)
