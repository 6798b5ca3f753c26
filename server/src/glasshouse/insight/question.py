"""Questions: what can be asked, with which parameters, and what has been asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from glasshouse.insight.answer import Answer, Cell, Column, Coverage
from glasshouse.insight.conditions import Chosen, Condition, chosen
from glasshouse.insight.period import Period, Step
from glasshouse.model import Origin
from glasshouse.store import Store
from glasshouse_sdk.manifest import Manifest

FILTERS: Mapping[str, str] = {
    "version": "only instances on this version, such as 8.0.4",
    "country": "only instances in this country, by its two letters, such as DE",
    "field": "the declared field, such as deployment or snapshot.host.deployment",
    "across": "what to lay it across: version, country, organization or another declared field",
    "steps": "the steps, with commas between: events, or FIELD=VALUE of one",
    "within": "the number of days after the first step in which the others must be done",
    "affected": "the affected versions, such as >=2.0.0,<2.0.4; several ranges with || between",
    "osv": "an OSV record as JSON, instead of 'affected'",
    "disclosed": "the day on which an advisory was disclosed, such as 2026-01-31",
    "organization": "only this organization, by its id",
    "instance": "only this instance, by its id",
    "reach": "the percentage of instances that must have the version that is advised, such as 95",
}
"""What may stand in `where` and narrows a question in a way of its own, and what it means."""

CONDITIONS = (
    "`version`, `country`, `region`, `organization` or any declared field, as `NAME=VALUE` (is), "
    "`NAME!=VALUE` (is not) or `NAME~VALUE` (contains)"
)
"""What else may stand in `where`, for every question that narrows by conditions on instances."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question that has been put, with every parameter parsed and checked.

    `filters` are the question's own words, `conditions` narrow the instances.
    """

    manifest: Manifest
    origin: Origin
    period: Period
    step: Step
    asked_at: datetime
    filters: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def product(self) -> str:
        return self.manifest.product.slug

    def chosen(self, store: Store) -> Chosen:
        """The instances that the conditions leave."""
        return chosen(store, self.manifest, self.conditions)

    def whose(self, period: Period) -> dict[str, object]:
        """Parameters that most queries have: days `first` to `last`, times `since` to `until`."""
        return {
            "product": self.product,
            "origin": self.origin.value,
            "first": period.first,
            "last": period.last,
            "since": datetime.combine(period.first, time()),
            "until": datetime.combine(period.last + timedelta(days=1), time()),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that can be asked.

    `filters` are its own words. `steps`: whether it is answered per day, week or month. `narrows`:
    whether it takes conditions on instances. `raw`: it tells of single organizations or instances,
    so only who has raw access may ask it.
    """

    name: str
    title: str
    answers: str
    filters: tuple[str, ...]
    required: tuple[str, ...]
    steps: bool
    example: str
    answer: Callable[[Store, Inquiry], Answer]
    narrows: bool = True
    raw: bool = False

    def answered(
        self,
        asked: Inquiry,
        columns: Sequence[Column],
        rows: Sequence[tuple[Cell, ...]],
        *,
        notes: Sequence[str] = (),
        period: Period | None = None,
        title: str = "",
        carrying: int | None = None,
        active: int | None = None,
    ) -> Answer:
        """The answer to this question; `period` where it is not the one asked for."""
        looked_at = period or asked.period
        complete = looked_at.last < asked.asked_at.date()
        names = [condition.trait.name for condition in asked.conditions]
        return Answer(
            question=self.name,
            title=title or self.title,
            product=asked.product,
            origin=asked.origin,
            period=looked_at,
            step=asked.step if self.steps else None,
            filters=asked.filters,
            columns=tuple(columns),
            rows=rows,
            notes=(*asked.notes, *notes),
            asked_at=asked.asked_at,
            coverage=Coverage(complete=complete, carrying=carrying, active=active),
            conditions=tuple(map(str, asked.conditions)),
            about=(*(n for n in asked.filters if n in ("version", "country")), *names),
            raw=self.raw,
        )


def incomplete_note(asked: Inquiry, *, last_complete: bool) -> tuple[str, ...]:
    """Says that the last step still grows, where it does."""
    if last_complete:
        return ()
    return (f"The last {asked.step.value} is not over yet: its count still grows.",)
