"""How a population of installations lives: it appears, upgrades late, pauses, and goes.

Days are counted from the first simulated one, which is day 0; earlier ones are negative.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Release:
    """A version and the day on which it came out."""

    version: str
    day: int


def newest_release(releases: Sequence[Release], day: float, lag: float) -> str:
    """The version that an installation runs which takes releases up `lag` days late.

    An installation older than every release in the list runs the first of them.
    """
    taken = [release for release in releases if release.day + lag <= day]
    return max(taken, key=lambda release: release.day).version if taken else releases[0].version


@dataclass(frozen=True, slots=True)
class Life:
    """The days `first` to `last` that an installation exists, but for those it is away."""

    first: int
    last: int
    away: range = range(0)

    def present(self, day: int) -> bool:
        return self.first <= day <= self.last and day not in self.away


def life(chance: random.Random, days: int) -> Life:
    """Most are older than the first day and outlive the last; some come, go, or pause."""
    first = -1 if chance.random() < 0.72 else chance.randrange(days)
    last = days if chance.random() < 0.86 else chance.randrange(max(first, 0), days)
    away = range(0)
    if chance.random() < 0.08:
        start = chance.randrange(days)
        away = range(start, start + chance.randint(3, 20))
    return Life(first, last, away)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The simulated days: `days` of them, the last one being the day of `until` (UTC)."""

    until: datetime
    days: int

    def date(self, day: int) -> date:
        return self.until.astimezone(UTC).date() - timedelta(days=self.days - 1 - day)

    def is_weekend(self, day: int) -> bool:
        return self.date(day).weekday() >= SATURDAY

    def at(self, day: int, seconds: float) -> datetime | None:
        """That second of the day; None if it lies after `until`."""
        moment = datetime.combine(self.date(day), time(), UTC) + timedelta(seconds=seconds)
        return moment if moment <= self.until else None
