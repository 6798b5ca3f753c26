"""One product at a glance: how many instances, on what, since when heard of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.newest import in_utc
from glasshouse.insight.period import Period, Step, preset
from glasshouse.insight.queries import periods_of, query_text
from glasshouse.model import Origin
from glasshouse.store import Store


@dataclass(frozen=True, slots=True)
class OriginCount:
    """Instances of one origin ever seen (None if withheld), and the last day they were."""

    origin: Origin
    instances: int | None
    last_day: date


@dataclass(frozen=True, slots=True)
class Glance:
    """Distinct active instances of the last 7 and 30 days, today included, and the 7 days before.

    `newest_version` is the newest that any instance of the last 30 days runs; its share is of those
    that named a version. `daily` has the active instances of each of the last 30 days. None is
    withheld: see `Reading.glance`.
    """

    active_7: int | None
    active_7_before: int | None
    active_30: int | None
    newest_version: str | None
    newest_share: float
    daily: Sequence[int | None]
    last_seen: datetime | None


def origins(store: Store, product: str) -> tuple[OriginCount, ...]:
    """The origins that the product has stored items of."""
    found = store.rows("origins", {"product": product})
    return tuple(OriginCount(Origin(origin), count, day) for origin, count, day in found.rows)


def glance(store: Store, product: str, origin: Origin, today: date) -> Glance:
    """The product's last 30 days."""
    whose: dict[str, object] = {"product": product, "origin": origin.value}
    month, week = preset("30d", today), preset("7d", today)
    before = Period(week.first - timedelta(days=7), week.first - timedelta(days=1))

    def active(period: Period) -> int:
        found = store.rows("active_between", {**whose, "first": period.first, "last": period.last})
        return int(found.rows[0][0])

    in_month = {**whose, "first": month.first, "last": month.last}
    days = dict(
        store.rows(
            query_text("active_instances").format(periods=periods_of(Step.DAY), chosen="true"),
            {**in_month, "country": None},
        ).rows
    )
    versions = {
        version: count
        for version, count in store.rows("current_versions", in_month).rows
        if version is not None
    }
    newest = max(versions, key=version_key, default=None)
    last_seen = store.rows("last_seen", whose).rows[0][0]
    return Glance(
        active_7=active(week),
        active_7_before=active(before),
        active_30=active(month),
        newest_version=newest,
        newest_share=versions[newest] / sum(versions.values()) if newest else 0.0,
        daily=[days.get(bucket.first, 0) for bucket in month.buckets(Step.DAY, today)],
        last_seen=in_utc(last_seen) if last_seen else None,
    )
