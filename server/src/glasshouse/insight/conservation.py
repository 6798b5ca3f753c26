"""The books of one product: every received item has exactly one fate.

received = stored + duplicate + rejected + suppressed + waiting
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse.store import Store
from glasshouse.model import Outcome, Reason


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


def books(store: Store, product: str, waiting: int) -> Books:
    """The books of a product over all doors; `waiting` is the journal's to know."""
    counts: Counter[str] = Counter()
    reasons: dict[str, Counter[Reason]] = {
        Outcome.REJECTED: Counter(),
        Outcome.SUPPRESSED: Counter(),
    }
    for _, outcome, reason, items in store.rows("outcomes", {"product": product}).rows:
        if outcome in reasons:
            reasons[outcome][Reason(reason)] += int(items)
        else:
            counts[outcome] += int(items)
    return Books(
        received=counts["received"] + waiting,
        stored=counts[Outcome.STORED],
        duplicate=counts[Outcome.DUPLICATE],
        rejected=dict(reasons[Outcome.REJECTED].most_common()),
        suppressed=dict(reasons[Outcome.SUPPRESSED].most_common()),
        waiting=waiting,
    )
