"""The books of one product: every received item has exactly one fate.

received = stored + duplicate + rejected + suppressed + waiting
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from glasshouse.model import Outcome, Reason
from glasshouse.store import Tally


@dataclass(frozen=True, slots=True)
class Books:
    """Items since the beginning. `waiting`: acknowledged, in the journal, not yet in the store."""

    received: int
    stored: int
    duplicate: int
    rejected: Mapping[Reason, int]
    suppressed: Mapping[Reason, int]
    waiting: int

    @property
    def fates(self) -> tuple[tuple[str, int], ...]:
        """Each fate with its count, in the order of the equation."""
        return (
            ("stored", self.stored),
            ("duplicate", self.duplicate),
            ("rejected", sum(self.rejected.values())),
            ("suppressed", sum(self.suppressed.values())),
            ("waiting", self.waiting),
        )

    @property
    def balanced(self) -> bool:
        return self.received == sum(count for _, count in self.fates)


def books(tallies: Iterable[Tally], product: str) -> Books:
    """The books of a product over all doors."""
    counts: Counter[str] = Counter()
    reasons: dict[str, Counter[Reason]] = {
        Outcome.REJECTED: Counter(),
        Outcome.SUPPRESSED: Counter(),
    }
    for tally in tallies:
        if tally.product != product:
            continue
        if tally.outcome in reasons:
            reasons[tally.outcome][Reason(tally.reason)] += tally.items
        else:
            counts[tally.outcome] += tally.items
    return Books(
        received=counts["received"],
        stored=counts[Outcome.STORED],
        duplicate=counts[Outcome.DUPLICATE],
        rejected=dict(reasons[Outcome.REJECTED].most_common()),
        suppressed=dict(reasons[Outcome.SUPPRESSED].most_common()),
        waiting=counts["waiting"],
    )
