"""The single instances behind a figure.

One row for each instance active in the period that satisfies the conditions, heard of last first:
the last version that it named in the period, the country it was seen in last, the organization that
its newest item of the period names, on how many days it was active, the last of them, and how many
items it sent. At most 1,000 are listed; a note says how many there are.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store

MOST_ROWS = 1000


def answer_instances(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "instances",
        {
            "chosen": chosen.text,
            "members": members_sql(store, asked.manifest),
            "most": str(MOST_ROWS),
        },
        {**asked.whose(asked.period), **chosen.parameters},
    )
    whole = found[0][-1] if found else 0
    return INSTANCES.answered(
        asked,
        (
            Column("instance", "Instance", "text", dimension=True),
            Column("version", "Version", "text"),
            Column("country", "Country", "text"),
            Column("organization", "Organization", "text"),
            Column("days", "Days active", "count", "days", "items"),
            Column("last_day", "Last active", "date", "UTC"),
            Column("items", "Items", "count", "items", "items"),
        ),
        [row[:-1] for row in found],
        notes=(f"{whole:,} instances; {MOST_ROWS:,} are listed.",) if whole > MOST_ROWS else (),
        active=whole,
    )


INSTANCES = Question(
    name="instances",
    title="Instances",
    answers="Which single instances were active, on which version, and when last?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask instances --product psmdb --period 7d --where 'version!=8.0.4'",
    answer=answer_instances,
    raw=True,
)
