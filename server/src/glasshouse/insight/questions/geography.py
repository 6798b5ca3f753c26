"""Where the instances are.

Each instance active in the period counts once, where it was seen last; those of which no country is
known have a row of their own. `new` are those first seen in the period. With `country`, the rows
are the regions of that country, where the manifest lets regions be kept.
"""

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import PLACES, members_sql
from glasshouse.store import Store


def answer_geography(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    country = asked.filters.get("country")
    what = "region" if country else "country"
    names = {
        "chosen": chosen.text,
        "members": members_sql(store, asked.manifest),
        "part": str(PLACES[what]),
    }
    given = {**asked.whose(asked.period), **chosen.parameters, "country": country}
    found = rows_of(store, "geography", names, given)
    whole = sum(instances for _, instances, _, _ in found)
    return GEOGRAPHY.answered(
        asked,
        (
            Column(what, what.capitalize(), "text", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of the active instances", part="instances"),
            Column("new", "New", "count", "instances", "instances"),
            Column("organizations", "Organizations", "count", "organizations", "organizations"),
        ),
        [
            (place, instances, instances / whole, new, organizations)
            for place, instances, new, organizations in found
        ],
        title=f"Regions of {country}" if country else "",
        carrying=whole - sum(instances for place, instances, _, _ in found if place is None),
        active=whole,
    )


GEOGRAPHY = Question(
    name="geography",
    title="Countries",
    answers="In which countries, or regions of one, are instances and organizations?",
    filters=("country",),
    required=(),
    steps=False,
    example="glasshouse ask geography --product psmdb --period 30d",
    answer=answer_geography,
)
