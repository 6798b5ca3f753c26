"""What the golden answers are computed with: plain Python over plain rows, no SQL."""

from datetime import date, timedelta
from functools import wraps

from fleet import Whole


def once(compute):
    """Of a whole fleet it is computed once for all tests."""
    known = {}

    @wraps(compute)
    def computed(items, *rest):
        if not isinstance(items, Whole):
            return compute(items, *rest)
        key = (id(items), *rest)
        if key not in known:
            known[key] = items, compute(items, *rest)
        return dict(known[key][1])

    return computed


def start_of(day: date, by: str) -> date:
    return {
        "day": day,
        "week": date.fromisocalendar(*day.isocalendar()[:2], 1),
        "month": date(day.year, day.month, 1),
    }[by]


def starts(first: date, last: date, by: str) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return list(dict.fromkeys(start_of(day, by) for day in days))


def ends_after(start: date, by: str) -> date:
    day = start
    while start_of(day, by) == start:
        day += timedelta(days=1)
    return day


def whole(items, first, last, by):
    """Items of all steps that the period touches, in full."""
    wanted = set(starts(first, last, by))
    return [item for item in items if start_of(item.at.date(), by) in wanted]


@once
def day_versions(items):
    """(instance, day) → the version that the day ended on, as the loader keeps it."""
    newest = {}
    for item in sorted(items, key=lambda item: item.at):
        key = item.instance, item.at.date()
        newest[key] = item.version or newest.get(key)
    return newest


def words(first, last, **rest):
    named = {name: [value] for name, value in rest.items()}
    return {"product": ["forge"], "from": [f"{first}"], "to": [f"{last}"], **named}


def of_period(items, first, last):
    return [item for item in items if first <= item.at.date() <= last]


@once
def last_versions(items, first, last):
    """Instance → the last version it named in the period; None where it named none."""
    return last_of_days(day_versions(items), first, last)


def last_of_days(ended, first, last):
    """The same, of what `day_versions` found."""
    latest = {}
    for (instance, day), version in sorted(ended.items(), key=lambda entry: entry[0][1]):
        if first <= day <= last:
            latest[instance] = version or latest.get(instance)
    return latest


@once
def organizations_of(items, first, last):
    """Instance active in the period → the organization that its newest item until the period's end
    names that names any.
    """
    known = {}
    for item in sorted(of_period(items, date.min, last), key=lambda item: item.at):
        if item.organization:
            known[item.instance] = item.organization
    active = {item.instance for item in of_period(items, first, last)}
    return {instance: of for instance, of in known.items() if instance in active}


@once
def countries_of(items):
    known = {}
    for item in sorted(items, key=lambda item: item.at):
        known[item.instance] = item.country or known.get(item.instance)
    return known


@once
def newest_field(items, last, name):
    """Instance → newest value of a field of the snapshot, as of the end of a day."""
    known = {}
    for item in sorted(items, key=lambda item: item.at):
        if item.path == "snapshot.host" and item.at.date() <= last and name in item.fields:
            known[item.instance] = item.fields[name]
    return known
