"""Life, versions and upgrades of the great fleet, against plain Python."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import pytest
from fleet import TODAY
from great_fleet import START
from plainly import (
    day_versions,
    ends_after,
    last_of_days,
    last_versions,
    newest_field,
    organizations_of,
    start_of,
    starts,
    words,
)

PERIODS = [(TODAY - timedelta(days=89), TODAY), (date(2026, 8, 12), date(2026, 9, 30))]
ORDER = ["1.9.0", "1.10.0-rc1", "1.10.0", "2.0.0", "2.0.1", "2.1.0", "2.1.1"]
RELEASED = [version for version in ORDER if "rc" not in version]


def step_before(start: date, by: str) -> date:
    return start_of(start - timedelta(days=1), by)


@pytest.mark.parametrize("system", [None, "Debian 12"])
@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize(("first", "last"), [*PERIODS, (TODAY - timedelta(days=250), TODAY)])
def test_lifecycle(great, first, last, by, system):
    """Sets of instances, compared one step with the one before."""
    items = great.fleet.of()
    steps = starts(first, last, by)
    until = ends_after(steps[-1], by) - timedelta(days=1)
    if system:
        known = newest_field(items, until, "system")
        items = [item for item in items if known.get(item.instance) == system]
    active, born = defaultdict(set), {}
    for item in items:
        active[start_of(item.at.date(), by)].add(item.instance)
        born[item.instance] = min(item.at, born.get(item.instance, item.at))
    expected = []
    for start in steps:
        now, before = active[start], active[step_before(start, by)]
        new = {name for name in now if start_of(born[name].date(), by) == start}
        over = ends_after(start, by) <= TODAY
        expected.append(
            (start, len(now), len(new), len(now & before), len(now - before - new),
             len(before - now) if over else None, over)
        )  # fmt: skip

    asked = words(first, last, by=by)
    if system:
        asked["where"] = [f"system={system}"]
    answer = great.insight.ask("lifecycle", asked)

    assert list(answer.rows) == expected
    assert sum(row[4] for row in expected) > 0
    assert answer.coverage.complete is (until < TODAY)


@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_version_lag(great, first, last, by):
    """Every instance by itself: the releases newer than its own, and the time since the first."""
    items = great.fleet.of()
    ended = day_versions(items)
    out = {}
    for (_, day), version in ended.items():
        if version:
            out[version] = min(day, out.get(version, day))
    steps = starts(first, last, by)
    expected = []
    for start in steps:
        until = ends_after(start, by) - timedelta(days=1)
        during = {key: version for key, version in ended.items() if start <= key[1] <= until}
        running = [v for v in last_of_days(during, start, until).values() if v]
        known = [v for v in RELEASED if v in out and out[v] <= until]
        behind, days, near = [], [], 0
        for version in running:
            newer = [v for v in known if ORDER.index(v) > ORDER.index(version)]
            behind.append(len(newer))
            days.append(max(0, (out[known[-1]] - out[version]).days) if newer else 0)
            near += len(newer) < 3
        expected.append(
            (start, len(running), known[-1], near, near / len(running), median(behind),
             median(days), until < TODAY)
        )  # fmt: skip

    answer = great.insight.ask("version_lag", words(first, last, by=by))

    assert list(answer.rows) == expected
    assert {row[5] for row in expected} != {0}


@pytest.mark.parametrize(("first", "last"), [*PERIODS, (START, START + timedelta(days=30))])
def test_upgrades(great, first, last):
    """Each instance's versions in the order it first ended a day on them."""
    first_on = defaultdict(dict)
    for (instance, day), version in sorted(
        day_versions(great.fleet.of()).items(), key=lambda entry: entry[0][1]
    ):
        if version and day <= last:
            first_on[instance].setdefault(version, day)
    waits = defaultdict(list)
    for known in first_on.values():
        path = list(known.items())
        for (old, since), (new, day) in pairwise(path):
            if day >= first:
                waits[old, new].append((day - since).days)
    whole = sum(map(len, waits.values()))
    expected = {
        (old, new, "upgrade" if ORDER.index(new) > ORDER.index(old) else "downgrade", len(days),
         len(days) / whole, median(days))
        for (old, new), days in waits.items()
    }  # fmt: skip

    answer = great.insight.ask("upgrades", words(first, last))

    assert len(answer.rows) == len(expected)
    assert set(answer.rows) == expected
    assert answer.column("instances") == sorted(answer.column("instances"), reverse=True)
    assert "downgrade" in answer.column("direction") or last < TODAY


@pytest.mark.parametrize("reach", [None, 70])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_minimum_version(great, first, last, reach):
    items = great.fleet.of()
    running = {name: v for name, v in last_versions(items, first, last).items() if v}
    organization = organizations_of(items, first, last)
    counts = Counter(running.values())
    expected, advised = [], False
    for place in range(len(ORDER) - 1, -1, -1):
        version = ORDER[place]
        if version not in counts:
            continue
        reached = sum(n for v, n in counts.items() if ORDER.index(v) >= place)
        left = {n for n, v in running.items() if ORDER.index(v) < place}
        share = reached / len(running)
        now = not advised and share >= (reach or 95) / 100
        advised = advised or now
        expected.append(
            (version, counts[version], reached, share, len(left),
             len({organization[n] for n in left if n in organization}), now)
        )  # fmt: skip

    more = {"reach": [str(reach)]} if reach else {}
    answer = great.insight.ask("minimum_version", words(first, last) | more)

    assert list(answer.rows) == expected
    assert answer.coverage.carrying == len(running)
    assert answer.coverage.active == len(last_versions(items, first, last))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("country=de", lambda known: known["country"] == "DE"),
        ("country!=DE", lambda known: known["country"] != "DE"),
        ("version=2.0.1", lambda known: known["version"] == "2.0.1"),
        ("version!=2.0.1", lambda known: known["version"] != "2.0.1"),
        ("version~RC", lambda known: "rc" in (known["version"] or "")),
        ("system~debian", lambda known: "Debian" in (known["system"] or "")),
        ("cores=16", lambda known: known["cores"] == 16),
        ("organization=org-03", lambda known: known["organization"] == "org-03"),
        ("organization!=org-03", lambda known: known["organization"] != "org-03"),
        ("plugins=git", lambda known: "git" in (known["plugins"] or ())),
        ("command=scan", lambda known: "scan" in known["commands"]),
        ("command!=scan", lambda known: "scan" not in known["commands"]),
    ],
)
def test_conditions_on_instances(great, condition, holds):
    """Every kind of condition, by what each instance is known for in the period."""
    first, last = PERIODS[1]
    items = great.fleet.of()
    known = {
        "version": last_versions(items, first, last),
        "organization": organizations_of(items, first, last),
        **{name: newest_field(items, last, name) for name in ("system", "cores", "plugins")},
    }
    country = {}
    for item in sorted(items, key=lambda item: item.at):
        country[item.instance] = item.country or country.get(item.instance)
    commands = defaultdict(set)
    days = defaultdict(set)
    for item in items:
        if first <= item.at.date() <= last:
            days[item.at.date()].add(item.instance)
            commands[item.instance].add(item.fields.get("command"))
    kept = {
        name
        for name in set().union(*days.values())
        if holds({kind: of.get(name) for kind, of in known.items()}
                 | {"country": country[name], "commands": commands[name]})
    }  # fmt: skip

    answer = great.insight.ask("active_instances", words(first, last) | {"where": [condition]})

    assert kept
    if not condition.startswith(("country=", "version=")):  # words of this question's own
        assert len(answer.conditions) == 1
        assert answer.column("instances") == [len(days[day] & kept) for day in starts(
            first, last, "day")]  # fmt: skip
    of_lifecycle = great.insight.ask("lifecycle", words(first, last) | {"where": [condition]})
    assert of_lifecycle.column("instances") == [
        len(days[day] & kept) for day in starts(first, last, "day")
    ]


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_comparison_with_the_steps_before(great, by):
    first, last = date(2026, 10, 7), date(2026, 10, 20)
    steps = starts(first, last, by)
    back, start = [], steps[0]
    for _ in steps:
        start = step_before(start, by)
        back.insert(0, start)
    sets = defaultdict(set)
    for item in great.fleet.of():
        sets[start_of(item.at.date(), by)].add(item.instance)

    asked = words(first, last, by=by) | {"compare": ["previous"]}
    answer = great.insight.ask("active_instances", asked)

    assert answer.column("instances") == [len(sets[start]) for start in steps]
    assert answer.column("instances_before") == [len(sets[start]) for start in back]
    assert answer.before is not None
    assert answer.before.first == back[0]


def test_comparison_matches_rows_by_what_they_are_about(great):
    first, last = date(2026, 10, 20), date(2026, 11, 17)
    now = great.insight.ask("upgrades", words(first, last))
    days = timedelta(days=(last - first).days + 1)
    before = great.insight.ask("upgrades", words(first - days, last - days))
    asked = words(first, last) | {"compare": ["previous"]}
    both = great.insight.ask("upgrades", asked)

    found = {row[:2]: (row[3], row[6]) for row in both.rows}
    paths = {row[:2] for row in now.rows} | {row[:2] for row in before.rows}
    old, new = {r[:2]: r[3] for r in before.rows}, {r[:2]: r[3] for r in now.rows}
    assert found == {path: (new.get(path), old.get(path)) for path in paths}
    assert any(p not in old for p in paths)
