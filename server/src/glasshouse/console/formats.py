"""How numbers, shares and times are written, one way everywhere."""

from datetime import date, datetime, timedelta

from glasshouse.console.words import say, title


def count(value: float | None) -> str:
    """1234567 as 1,234,567."""
    return say("word.withheld") if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """0.4321 as 43.2%; what is not nothing never reads 0%, what is not all never 100%."""
    if value is None:
        return say("word.withheld")
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%" if 0 < percent < 100 else f"{percent:.0f}%"


def cell(value: str | float | date | None, kind: str) -> str:
    """A cell of an answer, by the type of its column."""
    if kind == "count" and (value is None or isinstance(value, int)):
        return count(value)
    if kind == "share" and (value is None or isinstance(value, int | float)):
        return share(value)
    if kind == "number" and isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, date):
        return day(value)
    if value is None:
        return say("word.not_known" if kind in ("text", "date") else "word.withheld")
    return str(value)


def day(value: date) -> str:
    """22 Nov 2026."""
    return say("time.day", day=value.day, month=_short(value), year=value.year)


def day_of_year(value: date) -> str:
    """22 Nov."""
    return say("time.day_of_year", day=value.day, month=_short(value))


def month(value: date) -> str:
    """November 2026."""
    return say("time.month", month=say(f"month.{value.month}"), year=value.year)


def short_month(value: date) -> str:
    """Nov 2026."""
    return say("time.month", month=_short(value), year=value.year)


def weekday(value: date) -> str:
    """Sunday, 22 Nov 2026."""
    return say("time.weekday", weekday=say(f"weekday.{value.isoweekday()}"), day=day(value))


def week(value: date) -> str:
    """Week 47 from 16 Nov 2026."""
    return say("time.week", number=f"{value:%V}", day=day(value))


def moment(value: datetime) -> str:
    """22 Nov 2026, 07:44:17 UTC."""
    return say("time.moment", day=day(value), time=f"{value:%H:%M:%S}")


def ago(value: datetime, now: datetime) -> str:
    """How long before `now`, in the largest unit that fits."""
    passed = max(now - value, timedelta())
    for unit, length in _UNITS:
        number = int(passed / length)
        if number:
            return say(f"time.{unit}_ago", number=number)
    return say("time.now")


_UNITS = (
    ("days", timedelta(days=1)),
    ("hours", timedelta(hours=1)),
    ("minutes", timedelta(minutes=1)),
    ("seconds", timedelta(seconds=1)),
)


def change(now: int | None, before: int | None) -> str:
    """A count beside that of the week before: `12.0% more than …`; empty without a before."""
    if not before or now is None:
        return ""
    if now == before:
        return say("tile.as_many")
    return say(
        "tile.more" if now > before else "tile.fewer", share=share(abs(now - before) / before)
    )


def seconds(value: float) -> str:
    """A length of time in the largest unit that fits: 90 s, 12 min, 3.5 h, 2.0 days."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= length * (2 if unit == "days" else 1):
            return say(f"time.{unit}", number=f"{value / length:.1f}")
    return say("time.s", number=f"{value:.1f}" if value and value < 10 else f"{value:.0f}")


def trait(name: str) -> str:
    """What a trait is called in a sentence: a field by its own name, without its item's."""
    return title("trait", name, name.rsplit(".", 1)[-1])


def _short(value: date) -> str:
    return say(f"short_month.{value.month}")
