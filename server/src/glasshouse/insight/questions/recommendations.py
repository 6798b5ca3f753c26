"""What an organization does not use although others of its size do, and why that is worth a word.

Organizations are of one size if the numbers of their instances active in the period lie in one
range (1, 2 to 4, 5 to 9, 10 to 19, 20 to 49 …). Of those others, its peers, at least 3 are needed.
A feature (an event that the manifest declares or, with `field`, a value of an event's field) that
at least half of the peers use is recommended to an organization

- as `unused`, if none of its instances used it in the period,
- as `little used`, if the share of its instances that used it is less than half of the median of
  its peers' shares.

The recommendations of an organization begin with the feature that most of its peers use. With
`organization`, only those of this one.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.features import feature_label
from glasshouse.insight.organizations import Organization, check_known, organizations_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.ranges import range_label
from glasshouse.insight.traits import organization_identity
from glasshouse.store import Store

FEWEST_PEERS = 3
USUAL = 0.5  # share of the peers that must use a feature
LITTLE = 0.5  # of the peers' median share
MOST_ROWS = 10_000


def answer_recommendations(store: Store, asked: Inquiry) -> Answer:
    organization_identity(asked.manifest)
    organizations = organizations_of(store, asked)
    wanted = asked.filters.get("organization")
    check_known(wanted, organizations)
    of_size: dict[float, list[Organization]] = defaultdict(list)
    for organization in organizations:
        of_size[organization.size].append(organization)
    sizes = {
        start: Size.of(range_label(start, whole=True), those) for start, those in of_size.items()
    }
    rows = [
        row
        for organization in organizations
        if wanted in (None, organization.name)
        for row in _advice(asked, organization, sizes[organization.size])
    ]
    cut = len(rows) - MOST_ROWS
    return RECOMMENDATIONS.answered(
        asked,
        (
            Column("organization", "Organization", "text", dimension=True),
            Column("size", "Instances of its size", "text", dimension=True),
            Column("feature", "Feature", "text", dimension=True),
            Column("kind", "Recommended because", "text"),
            Column("instances", "Active instances", "count", "instances", "instances"),
            Column("using", "That use it", "count", "instances", "instances"),
            Column("peers", "Peers", "count", "organizations", "organizations"),
            Column("peers_using", "Peers that use it", "count", "organizations", "organizations"),
            Column("share", "Share of peers", "share", "that use it",
                   over="peers", part="peers_using"),
            Column("reason", "Reason", "text", over="peers_using"),
        ),
        rows[:MOST_ROWS],
        notes=(f"{cut:,} more are not listed: ask for one organization.",) if cut > 0 else (),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """The organizations of one size. `shares`: for each feature, of all of them, in order."""

    label: str
    organizations: int
    shares: Mapping[str, Sequence[float]]

    @classmethod
    def of(cls, label: str, organizations: Sequence[Organization]) -> "Size":
        features = {feature for each in organizations for feature in each.using}
        shares = {f: sorted(each.share(f) for each in organizations) for f in features}
        return cls(label, len(organizations), shares)

    def peers_using(self, feature: str, own: Organization) -> int:
        """How many of the others use a feature."""
        shares = self.shares[feature]
        return len(shares) - bisect_right(shares, 0.0) - (feature in own.using)

    def middle(self, feature: str, own: Organization) -> float:
        """The median of the others' shares, without making a list for each organization."""
        shares = self.shares[feature]
        without = bisect_left(shares, own.share(feature))
        last = len(shares) - 2
        low, high = (shares[n + (n >= without)] for n in (last // 2, (last + 1) // 2))
        return (low + high) / 2


def _advice(asked: Inquiry, own: Organization, size: Size) -> Iterator[tuple[Cell, ...]]:
    """What is recommended to one organization, what most of its peers use first."""
    peers = size.organizations - 1
    if peers < FEWEST_PEERS:
        return
    users = {feature: size.peers_using(feature, own) for feature in size.shares}
    for feature, using in sorted(users.items(), key=lambda entry: (-entry[1], entry[0])):
        usual = size.middle(feature, own)
        here = own.using.get(feature, 0)
        if using < USUAL * peers or (here and own.share(feature) >= LITTLE * usual):
            continue
        label = feature_label(asked, feature)
        theirs = f"{using} of {peers} organizations of this size use '{label}'"
        if here:
            kind = "little used"
            middle = f"on {usual:.0%} of their instances in the middle"
            reason = f"{theirs}, {middle}; here it is {here} of {own.instances}."
        else:
            kind = "unused"
            reason = f"{theirs}; none of the {own.instances} active instances here did."
        yield (
            own.name, size.label, label, kind, own.instances, here,
            peers, using, using / peers, reason,
        )  # fmt: skip


RECOMMENDATIONS = Question(
    name="recommendations",
    title="Underused features by organization",
    answers="What does an organization not use that others of its size do, and why mention it?",
    filters=("organization", "field"),
    required=(),
    steps=False,
    example="glasshouse ask recommendations --product cloudbees-ci --where organization=acme",
    answer=answer_recommendations,
    raw=True,
)
