"""Single organizations and instances of the great fleet, against plain Python."""

import json
from collections import defaultdict
from datetime import date, timedelta

import pytest
from fleet import TODAY
from plainly import (
    countries_of,
    day_versions,
    last_versions,
    of_period,
    organizations_of,
    words,
)

from glasshouse.insight.questions.instances import MOST_ROWS

PERIODS = [(TODAY - timedelta(days=29), TODAY), (date(2026, 8, 12), date(2026, 9, 30))]
RELEASES = ["1.9.0", "1.10.0", "2.0.0", "2.0.1", "2.1.0", "2.1.1"]


def days_of(items):
    """Instance → the days on which it sent something, and how many items in all."""
    days, sent = defaultdict(set), defaultdict(int)
    for item in items:
        days[item.instance].add(item.at.date())
        sent[item.instance] += 1
    return days, sent


@pytest.mark.parametrize("system", [None, "Debian 12"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_instances(great, first, last, system):
    items = great.fleet.of()
    period = of_period(items, first, last)
    days, sent = days_of(period)
    versions, places = last_versions(items, first, last), countries_of(items)
    members = organizations_of(items, first, last)
    if system:
        said = {}
        for item in sorted(items, key=lambda item: item.at):
            if item.at.date() <= last and "system" in item.fields:
                said[item.instance] = item.fields["system"]
        days = {name: found for name, found in days.items() if said.get(name) == system}
    expected = [
        (name, versions[name], places[name], members.get(name), len(found), max(found), sent[name])
        for name, found in days.items()
    ]
    expected.sort(key=lambda row: (-row[5].toordinal(), -row[6], row[0]))

    asked = words(first, last)
    if system:
        asked["where"] = [f"system={system}"]
    answer = great.insight.ask("instances", asked)

    # Where the list is cut, which of those that are alike are on it is not said.
    cut = expected[MOST_ROWS][5:] if len(expected) > MOST_ROWS else None
    assert [row for row in answer.rows if row[5:] != cut] == [
        row for row in expected[:MOST_ROWS] if row[5:] != cut
    ]
    assert len(answer.rows) == min(len(expected), MOST_ROWS)
    assert answer.coverage.active == len(expected)
    assert answer.raw


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_organizations(great, first, last):
    items = great.fleet.of()
    period = of_period(items, first, last)
    days, _ = days_of(period)
    members, versions = organizations_of(items, first, last), last_versions(items, first, last)
    known = [v for v in RELEASES if any(i.version == v and i.at.date() <= last for i in items)]
    newest = set(known[-3:])
    mine, used = defaultdict(list), defaultdict(set)
    for name in days:
        if name in members:
            mine[members[name]].append(name)
    for item in period:
        if item.path.startswith("event.") and item.instance in members:
            used[members[item.instance]].add(item.path)
    expected = []
    for organization, names in mine.items():
        naming = [versions[name] for name in names if versions[name] is not None]
        share = sum(v in newest for v in naming) / len(naming) if naming else None
        active = sum(len(days[name]) for name in names) / len(names)
        expected.append((organization, len(names), active, len(used[organization]), share))
    expected.sort(key=lambda row: (-row[1], row[0]))
    answer = great.insight.ask("organizations", words(first, last))
    assert [row[:4] for row in answer.rows] == [row[:4] for row in expected]
    assert answer.column("on_newest") == pytest.approx([row[4] for row in expected], nan_ok=True)


@pytest.mark.parametrize("name", ["instance-0776", "instance-0208"])
def test_one_instance(great, name):
    first, last = PERIODS[1]
    items = [item for item in great.fleet.of() if item.instance == name]
    assert items, sorted({item.instance for item in great.fleet.of()})[:5]
    ended = day_versions(items)
    _, _ = days_of(items)
    expected, before = [], None
    for day in sorted({item.at.date() for item in of_period(items, first, last)}):
        version = ended[name, day]
        changed = version is not None and before is not None and version != before
        sent = sum(item.at.date() == day for item in items)
        expected.append((day, version, f"from {before}" if changed else None, sent))
        before = version or before
    answer = great.insight.ask("instance_history", words(first, last, instance=name))
    assert list(answer.rows) == expected

    said = {}
    for item in sorted(items, key=lambda item: item.at):
        if item.path == "snapshot.host" and item.at.date() <= last:
            for field, value in item.fields.items():
                said[f"snapshot.host.{field}"] = (value, item.at.date())
    answer = great.insight.ask("instance_values", words(first, last, instance=name))
    found = {field: (value, day) for field, value, day in answer.rows}
    assert set(found) == set(said)
    for field, (value, day) in said.items():
        text = found[field][0]
        assert (text if isinstance(value, str) else json.loads(text)) == value
        assert found[field][1] == day


def test_an_instance_that_is_not_there(great):
    for question in ("instance_history", "instance_values"):
        answer = great.insight.ask(question, words(*PERIODS[0], instance="' or 1=1 --"))
        assert answer.rows == []
