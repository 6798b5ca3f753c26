"""An advisory as a question is asked about it: affected versions, and the day it was disclosed."""

from dataclasses import dataclass
from datetime import date, timedelta

from glasshouse.insight.affected import Affected, affected_of_osv, affected_of_range
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.period import Period
from glasshouse.insight.question import Inquiry
from glasshouse.insight.releases import release_days
from glasshouse.store import Store

WINDOW = 30
"""Days: an instance that was not heard of for longer is not counted as running anything."""

WORDS = ("affected", "osv", "disclosed")


@dataclass(frozen=True, slots=True)
class Advisory:
    """`versions`: those of the fleet that are affected."""

    affected: Affected
    disclosed: date
    versions: tuple[str, ...]

    def sql(self) -> tuple[str, dict[str, object]]:
        """SQL for the list of affected versions, and the values in it."""
        values: dict[str, object] = {f"affected_{n}": v for n, v in enumerate(self.versions)}
        return ", ".join(f"${name}" for name in values) or "null", values


def advisory_of(store: Store, asked: Inquiry) -> Advisory:
    """From the words `affected` or `osv`, and `disclosed`. Raises `QuestionError`."""
    given, osv = asked.filters.get("affected"), asked.filters.get("osv")
    if (given is None) == (osv is None):
        found = "nothing" if given is None else "'affected' beside 'osv'"
        raise QuestionError("affected", found, "one of 'affected' and 'osv'")
    affected = affected_of_range(given) if given is not None else affected_of_osv(osv or "")
    disclosed = _disclosed(asked, affected)
    known = release_days(store, asked, asked.period.last)
    return Advisory(affected, disclosed, tuple(sorted(v for v in known if affected.holds(v))))


def state_of(day: date) -> Period:
    """The days that tell what runs at the end of a day."""
    return Period(day - timedelta(days=WINDOW - 1), day)


def _disclosed(asked: Inquiry, affected: Affected) -> date:
    text = asked.filters.get("disclosed")
    try:
        day = date.fromisoformat(text) if text else affected.disclosed or asked.period.first
    except ValueError:
        raise QuestionError("disclosed", f"'{text}'", "a day such as 2026-01-31") from None
    if not date(1970, 3, 1) <= day <= asked.period.last:
        expected = f"a day not after the last one looked at, '{asked.period.last}'"
        raise QuestionError("disclosed", f"'{day}'", expected)
    return day
