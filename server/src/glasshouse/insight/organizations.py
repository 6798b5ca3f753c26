"""Organizations by what their instances used in a period, and which of them are of one size.

Sizes are ranges of the number of active instances: 1, 2 to 4, 5 to 9, 10 to 19, 20 to 49 …
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glasshouse.insight.errors import QuestionError, did_you_mean
from glasshouse.insight.features import uses_sql
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry
from glasshouse.insight.ranges import range_start
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store


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


def check_known(name: str | None, organizations: Sequence[Organization]) -> None:
    """Raises `QuestionError` for an organization that was not active in the period."""
    names = [organization.name for organization in organizations]
    if name is not None and name not in names:
        hint = did_you_mean(name, names)
        raise QuestionError("organization", f"'{name}'", "one active in the period", hint)
