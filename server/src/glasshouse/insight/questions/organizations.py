"""The organizations, by how much they use.

One row for each organization of which an instance was active in the period, the largest first, with
the measures that `peers` compares: its active instances, the mean number of days on which each of
them was, the different features that any of them used (events that the manifest declares or, with
`field`, values of an event's field), and the share of those that named a version that run one of
the newest three releases as of the end of the period.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.organizations import measures_of, organizations_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.releases import NEWEST
from glasshouse.insight.traits import organization_identity
from glasshouse.store import Store

MOST_ROWS = 10_000


def answer_organizations(store: Store, asked: Inquiry) -> Answer:
    organization_identity(asked.manifest)
    known = {each.name: each for each in organizations_of(store, asked)}
    measured = measures_of(store, asked, known)
    largest = sorted(known.values(), key=lambda each: (-each.instances, each.name))
    cut = len(largest) - MOST_ROWS
    return ORGANIZATIONS.answered(
        asked,
        (
            Column("organization", "Organization", "text", dimension=True),
            Column("instances", "Active instances", "count", "instances", "instances"),
            Column("days", "Days active", "number", "mean of the instances", over="instances"),
            Column("features", "Features used", "number", over="instances"),
            Column("on_newest", f"On the newest {NEWEST}", "share", "of those that name a version",
                   over="instances"),
        ),
        [
            (
                each.name,
                each.instances,
                measured[each.name]["days"],
                len(each.using),
                measured[each.name].get("on_newest"),
            )
            for each in largest[:MOST_ROWS]
        ],
        notes=(f"{cut:,} smaller ones are not listed.",) if cut > 0 else (),
    )  # fmt: skip


ORGANIZATIONS = Question(
    name="organizations",
    title="Organizations",
    answers="Which organizations are active, with how many instances, and how much do they use?",
    filters=("field",),
    required=(),
    steps=False,
    example="glasshouse ask organizations --product cloudbees-ci --compare previous",
    answer=answer_organizations,
    raw=True,
)
