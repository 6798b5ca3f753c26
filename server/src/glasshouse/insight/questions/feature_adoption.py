"""Which features are used, by how many, and how steadily.

A feature is an event that the manifest declares or, with `field`, a value of an event's field;
those that are declared and were not used have a row of zeros. An instance has adopted a feature if
it used it at least once in the period. The shares are of the instances active in the period, and of
the organizations these belong to. `days` is the mean number of days on which an adopting instance
used it. `stickiness` is the mean number of instances that use it on a day, by those that adopted
it: 1 where all of them use it every day. With `compare=previous` every figure stands beside the one
of the period before.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.features import declared_features, feature_label, uses_sql
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store

MOST_FEATURES = 200
MOST_BITS = 120
# A third of the cost of a set, where the days fit into one number.
DAYS_AS_BITS = (
    "bit_count(bit_or(cast(1 as hugeint) << cast(date_diff('day', $first, d.day) as integer)))"
)


def answer_feature_adoption(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    names = {
        "uses": uses_sql(store, asked),
        "members": members_sql(store, asked.manifest),
        "chosen": chosen.text,
        "days": DAYS_AS_BITS if asked.period.days <= MOST_BITS else "count(distinct d.day)",
    }
    given = {**asked.whose(asked.period), **chosen.parameters}
    active, organizations = rows_of(store, "active_members", names, given)[0]
    used = {row[0]: row[1:] for row in rows_of(store, "feature_adoption", names, given)}
    for feature in declared_features(asked):
        used.setdefault(feature, (0, 0, 0, 0))
    listed = sorted(used.items(), key=lambda entry: (-entry[1][0], -entry[1][3], entry[0]))
    days = asked.period.days
    cut = len(listed) - MOST_FEATURES
    return FEATURE_ADOPTION.answered(
        asked,
        (
            Column("feature", "Feature", "text", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of the active instances", part="instances"),
            Column("organizations", "Organizations", "count", "organizations", "organizations"),
            Column("organizations_share", "Share of organizations", "share",
                   "of the active organizations", part="organizations"),
            Column("items", "Uses", "count", "events", "items"),
            Column("days", "Days of use", "number", "mean of the instances", over="instances"),
            Column("stickiness", "Stickiness", "share", "used on a day, of those that use it",
                   over="instances"),
        ),
        [
            (
                feature_label(asked, feature),
                instances,
                instances / active if active else 0.0,
                of,
                of / organizations if organizations else 0.0,
                items,
                used_days / instances if instances else None,
                used_days / days / instances if instances else None,
            )
            for feature, (instances, of, used_days, items) in listed[:MOST_FEATURES]
        ],
        notes=(f"{cut:,} rarer values are not listed.",) if cut > 0 else (),
    )  # fmt: skip


FEATURE_ADOPTION = Question(
    name="feature_adoption",
    title="Feature adoption",
    answers="Which features are used by how many instances and organizations, and how steadily?",
    filters=("field",),
    required=(),
    steps=False,
    example="glasshouse ask feature_adoption --product cloudbees-ci --compare previous",
    answer=answer_feature_adoption,
)
