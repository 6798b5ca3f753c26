"""The releases of a product as its fleet knows them: versions, with the day each was first seen.

A manifest does not say when a release came out, so its first day on any instance stands for that.
A version that leads to a release (`2.1.0-rc1`), or that is no number at all, is no release.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from glasshouse.catalogue.version_order import VersionKey, leads_to_a_release, version_key
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry
from glasshouse.store import Store

NEWEST = 3


@dataclass(frozen=True, slots=True)
class Releases:
    """Those known on some day: `keys` and `days` in the order of versions, the oldest first."""

    keys: tuple[VersionKey, ...]
    versions: tuple[str, ...]
    days: tuple[date, ...]

    @classmethod
    def of(cls, days: Mapping[str, date], until: date) -> "Releases":
        """Of all versions with their first days, the releases that were out on a day."""
        known = sorted(
            (version_key(version), version, day)
            for version, day in days.items()
            if day <= until and is_release(version)
        )
        return cls(
            tuple(key for key, _, _ in known),
            tuple(version for _, version, _ in known),
            tuple(day for _, _, day in known),
        )

    @property
    def newest(self) -> str | None:
        return self.versions[-1] if self.versions else None

    def behind(self, version: str) -> int:
        """How many releases are newer than a version."""
        return len(self.keys) - bisect_right(self.keys, version_key(version))

    def days_behind(self, version: str, since: date) -> int:
        """Days from the first day of a version to that of the newest release; 0 for the newest."""
        return max(0, (self.days[-1] - since).days) if self.behind(version) else 0


def is_release(version: str) -> bool:
    """Whether a version is one that was released, rather than one that leads to a release."""
    return any(c.isdecimal() for c in version[:2]) and not leads_to_a_release(version)


def release_days(store: Store, asked: Inquiry, last: date) -> dict[str, date]:
    """Every version that the fleet named until a day, with the first day."""
    given = asked.whose(asked.period) | {"last": last}
    return dict(rows_of(store, "releases", {}, given))


def weighted_median(values: Iterable[tuple[float, int]]) -> float | None:
    """The median of values that each occur so many times; of an even number, the middle's mean."""
    known = sorted((value, times) for value, times in values if times)
    total = sum(times for _, times in known)
    if not total:
        return None
    return (_nth(known, (total - 1) // 2) + _nth(known, total // 2)) / 2


def _nth(known: Iterable[tuple[float, int]], place: int) -> float:
    for value, times in known:
        if place < times:
            return value
        place -= times
    raise IndexError(place)
