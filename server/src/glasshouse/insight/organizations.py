"""Organizations by what their instances used in a period, and which of them are of one size.

Sizes are ranges of the number of active instances: 1, 2 to 4, 5 to 9, 10 to 19, 20 to 49 …
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glasshouse.insight.errors import QuestionError, did_you_mean
from glasshouse.insight.features import uses_sql
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry
from glasshouse.insight.ranges import range_start
from glasshouse.insight.releases import NEWEST, Releases, release_days
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store

Values = Mapping[str, float]
"""Measures of one organization by their names; one that is not known is not there."""


@dataclass(frozen=True, slots=True)
class Organization:
    """How many of its instances were active, and how many of these used each feature."""

    name: str
    instances: int
    using: Mapping[str, int]

    @property
    def size(self) -> float:
        """Where the range of its size begins."""
        return range_start(self.instances)

    def share(self, feature: str) -> float:
        return self.using.get(feature, 0) / self.instances


def organizations_of(store: Store, asked: Inquiry) -> list[Organization]:
    """All that were active in the period, by name."""
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "organization_features",
        {
            "uses": uses_sql(store, asked),
            "members": members_sql(store, asked.manifest),
            "chosen": chosen.text,
        },
        {**asked.whose(asked.period), **chosen.parameters},
    )
    sizes = {name: instances for name, feature, instances in found if feature is None}
    using: dict[str, dict[str, int]] = defaultdict(dict)
    for name, feature, instances in found:
        if feature is not None:
            using[name][feature] = instances
    return [Organization(name, sizes[name], using[name]) for name in sorted(sizes)]


def measures_of(
    store: Store, asked: Inquiry, organizations: Mapping[str, Organization]
) -> Mapping[str, Values]:
    """Of every organization; what they mean is said by the question `peers`."""
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "organization_profile",
        {"chosen": chosen.text, "members": members_sql(store, asked.manifest)},
        {**asked.whose(asked.period), **chosen.parameters},
    )
    releases = Releases.of(release_days(store, asked, asked.period.last), asked.period.last)
    days, naming, newest = Counter[str](), Counter[str](), Counter[str]()
    for name, version, instances, active_days in found:
        days[name] += active_days
        if version is not None:
            naming[name] += instances
            newest[name] += instances if releases.behind(version) < NEWEST else 0
    measured: dict[str, dict[str, float]] = defaultdict(dict)
    for name, each in organizations.items():
        measured[name] = {
            "instances": each.instances,
            "days": days[name] / each.instances,
            "features": len(each.using),
        }
        if naming[name]:
            measured[name]["on_newest"] = newest[name] / naming[name]
    return measured


def check_known(name: str | None, organizations: Sequence[Organization]) -> None:
    """Raises `QuestionError` for an organization that was not active in the period."""
    names = [organization.name for organization in organizations]
    if name is not None and name not in names:
        hint = did_you_mean(name, names)
        raise QuestionError("organization", f"'{name}'", "one active in the period", hint)
