"""How many different features instances and organizations use.

A feature is an event that the manifest declares or, with `field`, a value of an event's field. One
row for each number of different features used in the period, 0 included: so many of the active
instances, and of the organizations (all instances of one taken together), use exactly that many.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.features import uses_sql
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store


def answer_feature_breadth(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    names = {
        "uses": uses_sql(store, asked),
        "members": members_sql(store, asked.manifest),
        "chosen": chosen.text,
    }
    given = {**asked.whose(asked.period), **chosen.parameters}
    found = rows_of(store, "feature_breadth", names, given)
    instances, organizations = (sum(row[place] for row in found) for place in (1, 2))
    return FEATURE_BREADTH.answered(
        asked,
        (
            Column("features", "Features used", "number", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of the active instances", part="instances"),
            Column("organizations", "Organizations", "count", "organizations", "organizations"),
            Column("organizations_share", "Share of organizations", "share",
                   "of the active organizations", part="organizations"),
        ),
        [
            (breadth, n, n / instances, of, of / organizations if organizations else 0.0)
            for breadth, n, of in found
        ],
    )  # fmt: skip


FEATURE_BREADTH = Question(
    name="feature_breadth",
    title="Breadth of use",
    answers="How many different features do instances and organizations use?",
    filters=("field",),
    required=(),
    steps=False,
    example="glasshouse ask feature_breadth --product cloudbees-ci --period 30d",
    answer=answer_feature_breadth,
)
