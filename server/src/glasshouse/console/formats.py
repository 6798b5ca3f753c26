"""How numbers, shares and times are written, one way everywhere."""

from datetime import date, datetime, timedelta

WITHHELD = "withheld"


def count(value: float | None) -> str:
    """1234567 as 1,234,567."""
    return WITHHELD if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """0.4321 as 43.2%; what is not nothing never reads 0%, what is not all never 100%."""
    if value is None:
        return WITHHELD
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%" if 0 < percent < 100 else f"{percent:.0f}%"


def day(value: date) -> str:
    """22 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """22 Nov 2026, 07:44:17 UTC."""
    return f"{day(value)}, {value:%H:%M:%S} UTC"


def ago(value: datetime, now: datetime) -> str:
    """How long before `now`, in the largest unit that fits."""
    passed = max(now - value, timedelta())
    for unit, length in _UNITS:
        number = int(passed / length)
        if number:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
)


def change(now: int | None, before: int | None) -> str:
    """The change between two counts in words: `12.0% more than before`; empty without a before."""
    if not before or now is None:
        return ""
    if now == before:
        return "as many as"
    return f"{share(abs(now - before) / before)} {'more' if now > before else 'fewer'} than"


def seconds(value: float) -> str:
    """A length of time in the largest unit that fits: 90 s, 12 min, 3.5 h, 2.0 days."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= length * (2 if unit == "days" else 1):
            return f"{value / length:.1f} {unit}"
    return f"{value:.1f} s" if value and value < 10 else f"{value:.0f} s"
