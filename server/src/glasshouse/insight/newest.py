"""The newest items with what became of them. No value of any field is shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from glasshouse.insight.queries import query_text
from glasshouse.model import REASONS, Origin, Outcome, Reason
from glasshouse.store import Store
from glasshouse_sdk.manifest import Manifest


@dataclass(frozen=True, slots=True)
class NewestItem:
    """One received item, or `items` of one request that were refused for the same reason."""

    received_at: datetime
    item: str | None
    door: str
    outcome: Outcome
    reason: Reason | None = None
    field: str | None = None
    version: str | None = None
    country: str | None = None
    items: int = 1

    @property
    def words(self) -> str:
        """Why it was refused, or what was left out of it; empty for an accepted one."""
        return REASONS[self.reason] if self.reason else ""


def newest_items(
    store: Store, manifest: Manifest, origin: Origin, limit: int
) -> tuple[NewestItem, ...]:
    """At most `limit` items, newest first: stored ones of this origin, and refused ones.

    What was refused was not kept, so nobody knows its origin: it stands beside every origin.
    """
    stored = _stored(store, manifest, origin, limit)
    refused = newest_refusals(store, manifest.product.slug, limit)
    return _newest([*stored, *refused], limit)


def _stored(store: Store, manifest: Manifest, origin: Origin, limit: int) -> Iterator[NewestItem]:
    for path in manifest.items:
        try:
            table = store.item_table(manifest.product.slug, path)
        except KeyError:  # declared, and nothing of it loaded yet
            continue
        text = query_text("newest_items").format(table=table)
        found = store.rows(text, {"origin": origin.value, "limit": limit})
        for received_at, _, door, version, country in found.rows:
            yield NewestItem(
                received_at=in_utc(received_at),
                item=path,
                door=door,
                outcome=Outcome.ACCEPTED,
                version=version,
                country=country,
            )


def newest_refusals(store: Store, product: str, limit: int) -> Iterator[NewestItem]:
    """What was refused of a product, newest first."""
    found = store.rows("newest_refusals", {"product": product, "limit": limit})
    for at, item, door, outcome, reason, field, items in found.rows:
        yield NewestItem(
            received_at=in_utc(at),
            item=item,
            door=door,
            outcome=Outcome(outcome),
            reason=Reason(reason),
            field=field,
            items=items,
        )


def _newest(items: Iterable[NewestItem], limit: int) -> tuple[NewestItem, ...]:
    return tuple(sorted(items, key=lambda item: item.received_at, reverse=True)[:limit])


def in_utc(time: datetime) -> datetime:
    """The store keeps times without a zone, all of them UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
