"""Which organizations still run an affected version: who has not moved.

One row for each organization of which an instance is affected on the period's last day, as
`advisory` counts them, the one with the most first; instances of no known organization are one row
without a name. `last_day` is the last day on which an affected instance of it was heard of. The
words are those of `advisory`.
"""

from glasshouse.insight.advisory import WORDS, advisory_of, state_of
from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import members_sql, organization_identity
from glasshouse.store import Store

MOST_ROWS = 10_000


def answer_advisory_organizations(store: Store, asked: Inquiry) -> Answer:
    organization_identity(asked.manifest)
    advisory = advisory_of(store, asked)
    affected, values = advisory.sql()
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "advisory_organizations",
        {
            "chosen": chosen.text,
            "affected": affected,
            "members": members_sql(store, asked.manifest),
        },
        {**asked.whose(state_of(asked.period.last)), **chosen.parameters, **values},
    )
    cut = len(found) - MOST_ROWS
    return ADVISORY_ORGANIZATIONS.answered(
        asked,
        (
            Column("organization", "Organization", "text", dimension=True),
            Column("instances", "Affected", "count", "instances", "instances"),
            Column("active", "Active instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of its active instances",
                   over="active", part="instances"),
            Column("versions", "Affected versions", "number", over="instances"),
            Column("last_day", "Last heard of", "date", "UTC", over="instances"),
        ),
        [
            (organization, hit, active, hit / active, versions, last_day)
            for organization, hit, active, versions, last_day in found[:MOST_ROWS]
        ],
        notes=(f"{cut:,} more are not listed.",) if cut > 0 else (),
    )  # fmt: skip


ADVISORY_ORGANIZATIONS = Question(
    name="advisory_organizations",
    title="Who has not moved",
    answers="Which organizations still run a version that an advisory concerns?",
    filters=WORDS,
    required=(),
    steps=False,
    example=(
        "glasshouse ask advisory_organizations --product cloudbees-ci "
        "--where 'affected=<2.504.2' --format csv"
    ),
    answer=answer_advisory_organizations,
    raw=True,
)
