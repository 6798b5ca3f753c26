"""An organization beside others of its size.

Its peers are the other organizations whose numbers of instances active in the period lie in the
same range (1, 2 to 4, 5 to 9, 10 to 19, 20 to 49 …). One row a measure: the organization's own
value, the median of the peers' values, and how many peers have a smaller one.

- `instances`: active in the period,
- `days`: the mean number of days on which each of them was,
- `features`: the different features that any of them used: events that the manifest declares or,
  with `field`, values of an event's field,
- `on_newest`: the share of those that named a version that run one of the newest three releases, as
  of the end of the period. Organizations none of whose instances named one have none.

With `compare=previous`, every value stands beside that of the period before.
"""

from statistics import median

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.organizations import check_known, measures_of, organizations_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.releases import NEWEST
from glasshouse.insight.traits import organization_identity
from glasshouse.store import Store

MEASURES = {
    "instances": "Active instances",
    "days": "Days active, each",
    "features": "Different features used",
    "on_newest": f"Share on the newest {NEWEST} releases",
}


def answer_peers(store: Store, asked: Inquiry) -> Answer:
    organization_identity(asked.manifest)
    organizations = {each.name: each for each in organizations_of(store, asked)}
    name = asked.filters["organization"]
    check_known(name, list(organizations.values()))
    measured = measures_of(store, asked, organizations)
    own = organizations[name]
    peers = [o.name for o in organizations.values() if o.size == own.size and o.name != name]
    rows: list[tuple[Cell, ...]] = []
    for measure, title in MEASURES.items():
        value = measured[name].get(measure)
        others = [measured[peer][measure] for peer in peers if measure in measured[peer]]
        below = None if value is None else sum(other < value for other in others)
        middle = float(median(others)) if others else None
        rows.append((measure, title, value, len(others), middle, below))
    return PEERS.answered(
        asked,
        (
            Column("measure", "Measure", "text", dimension=True),
            Column("title", "What it is", "text"),
            Column("value", name, "number", over="peers"),
            Column("peers", "Peers", "count", "organizations", "organizations"),
            Column("median", "Median of the peers", "number", over="peers"),
            Column("below", "Peers with less", "count", "organizations", "organizations"),
        ),
        rows,
        title=f"{name} beside organizations of its size",
    )


PEERS = Question(
    name="peers",
    title="An organization beside others of its size",
    answers="How does an organization compare with others of its size?",
    filters=("organization", "field"),
    required=("organization",),
    steps=False,
    example="glasshouse ask peers --product cloudbees-ci --where organization=acme",
    answer=answer_peers,
    raw=True,
)
