"""Retention: what a manifest's `keep` says is kept no longer is removed, once a day.

Each item's rows older than its span go in a transaction of their own, then what is derived of the
instances by the longest span of the product. A day is done when its line in DATA/retention.json is
written; a run that ended early is simply run again. Deleted bytes leave the file when it is
rewritten, at most once in REWRITE_EVERY days.
"""

import calendar
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from glasshouse.catalogue import Product
from glasshouse.catalogue.files import SmallFiles, read_json
from glasshouse.keeping.holdings import Holdings

NAME = "retention.json"
REWRITE_EVERY = 7


@dataclass(frozen=True, slots=True)
class Swept:
    """The last day that was swept, whether the file may hold bytes of what was removed since it
    was rewritten, and when it was.
    """

    day: date = date.min
    due: bool = False
    rewritten: date = date.min


class Retention:
    """The loader's daily chore. Called between cycles; most calls find nothing to do."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._state = read_swept(holdings.files.directory)

    def __call__(self) -> None:
        now = self._holdings.now()
        if now.date() > self._state.day:
            self._state = sweep(self._holdings, now, self._state)


def sweep(holdings: Holdings, now: datetime, before: Swept) -> Swept:
    """Remove what is past its span. Call it from the loading thread."""
    # Due until it is known that nothing was removed, so that a run that ends early leaves it so.
    _write(holdings.files, replace(before, due=True))
    removed = 0
    for product in holdings.catalogue:
        for path, span in spans(product):
            removed += holdings.store.sweep(product.slug, path, cutoff(now, span))
        oldest = min(cutoff(now, span) for _, span in spans(product))
        removed += holdings.store.sweep(product.slug, None, oldest)
    swept = replace(before, day=now.date(), due=before.due or removed > 0)
    if swept.due and now.date() >= before.rewritten + timedelta(days=REWRITE_EVERY):
        holdings.store.rewrite()
        swept = replace(swept, due=False, rewritten=now.date())
    _write(holdings.files, swept)
    return swept


def spans(product: Product) -> Iterator[tuple[str, str]]:
    """Each item that was ever declared, with how long it is kept: as the newest manifest says."""
    newest = product.manifest
    paths = {path for manifest in product.manifests.values() for path in manifest.items}
    for path in sorted(paths):
        item = newest.items.get(path)
        yield path, (item.keep if item and item.keep else newest.product.keep)
    if not paths:
        yield "-", newest.product.keep


def cutoff(now: datetime, span: str) -> datetime:
    """The moment before which items are kept no longer. A month that is shorter ends earlier."""
    count, unit = span.split(" ")
    if unit.startswith("day"):
        return now - timedelta(days=int(count))
    months = int(count) * (12 if unit.startswith("year") else 1)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    if year < 1:
        return datetime.min  # noqa: DTZ901 (the store's timestamps have no zone)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def read_swept(data: Path) -> Swept:
    try:
        facts = read_json(data / NAME)
        return Swept(
            date.fromisoformat(facts["day"]),
            bool(facts["due"]),
            date.fromisoformat(facts["rewritten"]),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Swept()  # then it is swept once more, which does no harm


def _write(files: SmallFiles, swept: Swept) -> None:
    facts = {
        "day": swept.day.isoformat(),
        "due": swept.due,
        "rewritten": swept.rewritten.isoformat(),
    }
    files.change(lambda: {NAME: json.dumps(facts).encode()})
