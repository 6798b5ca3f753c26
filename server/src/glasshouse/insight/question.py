"""Questions: what can be asked, with which parameters, and what has been asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from glasshouse.insight.answer import Answer
from glasshouse.insight.period import Period, Step
from glasshouse.model import Origin
from glasshouse.store import Store
from glasshouse_sdk.manifest import Manifest

FILTERS: Mapping[str, str] = {
    "version": "only instances on this version, such as 8.0.4",
    "country": "only instances in this country, by its two letters, such as DE",
    "field": "the declared field, such as deployment or snapshot.host.deployment",
}
"""What may stand in `where`, and what it means."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question that has been put, with every parameter parsed and checked."""

    manifest: Manifest
    origin: Origin
    period: Period
    step: Step
    asked_at: datetime
    filters: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def product(self) -> str:
        return self.manifest.product.slug


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that can be asked. `steps`: whether it is answered per day, week or month."""

    name: str
    title: str
    answers: str
    filters: tuple[str, ...]
    required: tuple[str, ...]
    steps: bool
    example: str
    answer: Callable[[Store, Inquiry], Answer]
