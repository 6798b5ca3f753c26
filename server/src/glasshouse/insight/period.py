"""Stretches of days in UTC, and the days, ISO weeks or months that they consist of."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from glasshouse.insight.errors import QuestionError

MOST_BUCKETS = 3700
"""Ten years of days. A longer answer would serve nobody and cost everybody."""

_DAY = timedelta(days=1)


class Step(enum.StrEnum):
    """What one row of an answer over time stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


PRESETS: dict[str, int] = {"7d": 7, "30d": 30, "90d": 90, "12m": 365}
"""Days of each preset; every one of them ends today."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One day, ISO week (Monday to Sunday) or calendar month. `complete`: its last day is over."""

    first: date
    last: date
    complete: bool


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def widened(self, step: Step) -> "Period":
        """The whole weeks or months that this period touches, so that each is counted whole."""
        return Period(_start(self.first, step), _next_start(self.last, step) - _DAY)

    def before(self, step: Step | None) -> "Period":
        """As many days, or whole steps, that end just before this period."""
        if step is None or step is Step.DAY:
            return Period(self.first - timedelta(days=self.days), self.first - _DAY)
        whole = self.widened(step)
        first = whole.first
        for _ in self._buckets(step, self.last):
            first = previous_start(first, step)
        return Period(first, whole.first - _DAY)

    def buckets(self, step: Step, today: date) -> tuple[Bucket, ...]:
        """The steps of the widened period, oldest first. Raises `QuestionError` if too many."""
        found = tuple(self._buckets(step, today))
        if len(found) > MOST_BUCKETS:
            raise QuestionError(
                "from",
                f"'{self.first}', which makes more than {MOST_BUCKETS} rows",
                "a shorter period, or weeks or months",
            )
        return found

    def _buckets(self, step: Step, today: date) -> Iterator[Bucket]:
        start = _start(self.first, step)
        # One more than is allowed is enough to know that there are too many.
        for _ in range(MOST_BUCKETS + 1):
            if start > self.last:
                return
            end = _next_start(start, step)
            yield Bucket(start, end - _DAY, complete=end <= today)
            start = end


def preset(name: str, today: date) -> Period:
    """The last 7, 30, 90 or 365 days, today included. Raises KeyError."""
    return Period(today - timedelta(days=PRESETS[name] - 1), today)


def previous_start(start: date, step: Step) -> date:
    """The first day of the step before the one that begins on this day."""
    return _start(start - _DAY, step)


def _start(day: date, step: Step) -> date:
    starts = {
        Step.DAY: day,
        Step.WEEK: day - timedelta(days=min(day.weekday(), (day - date.min).days)),
        Step.MONTH: day.replace(day=1),
    }
    return starts[step]


def _next_start(day: date, step: Step) -> date:
    if step is Step.DAY:
        return day + _DAY
    if step is Step.WEEK:
        return _start(day, step) + timedelta(days=7)
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
