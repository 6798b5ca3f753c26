"""Every question over a generated fleet, against answers computed in plain Python, without SQL."""

import math
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from fleet import TODAY
from plainly import day_versions, ends_after, start_of, starts, whole, words

from glasshouse.model import Origin

PERIODS = [
    (TODAY - timedelta(days=89), TODAY),
    (date(2026, 9, 16), date(2026, 10, 14)),
    (TODAY, TODAY),
    (date(2025, 12, 30), date(2026, 1, 2)),
]


@pytest.mark.parametrize("origin", ["production", "simulated"])
@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_active_instances(world, first, last, by, origin):
    """Distinct instances per step, whole weeks and months, zeros for steps without any."""
    sets = defaultdict(set)
    for item in whole(world.fleet.of(origin), first, last, by):
        sets[start_of(item.at.date(), by)].add(item.instance)
    expected = [
        (start, len(sets[start]), ends_after(start, by) <= TODAY)
        for start in starts(first, last, by)
    ]

    answer = world.insight.ask("active_instances", words(first, last, by=by, origin=origin))

    assert list(answer.rows) == expected
    assert bool(answer.notes) is not expected[-1][2]


@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_active_instances_of_a_version_and_a_country(world, first, last, by):
    """`version` looks at how each day ended, `country` at where the instance was seen last."""
    items = world.fleet.of()
    countries = {}
    for item in sorted(items, key=lambda item: item.at):
        countries[item.instance] = item.country or countries.get(item.instance)
    sets = defaultdict(set)
    for (instance, day), version in day_versions(items).items():
        if version == "2.0.0" and countries[instance] == "DE":
            sets[start_of(day, by)].add(instance)
    expected = [len(sets[start]) for start in starts(first, last, by)]

    asked = words(first, last, by=by) | {"where": ["version=2.0.0", "country=de"]}
    answer = world.insight.ask("active_instances", asked)

    assert answer.column("instances") == expected
    assert first < date(2026, 6, 1) or first == last or sum(expected)


@pytest.mark.parametrize("by", ["day", "week", "month"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_version_adoption(world, first, last, by):
    """Each active instance counts once a step, under the last version it named in it."""
    latest = {}
    for (instance, day), version in sorted(
        day_versions(world.fleet.of()).items(), key=lambda entry: entry[0][1]
    ):
        step = start_of(day, by)
        if step in starts(first, last, by):
            latest[step, instance] = version or latest.get((step, instance))
    counts = Counter((step, version) for (step, _), version in latest.items())
    totals = Counter(step for step, _ in latest)

    answer = world.insight.ask("version_adoption", words(first, last, by=by))

    found = {(row[0], row[1]): row[2] for row in answer.rows if row[2]}
    assert found == dict(counts)
    for step, version, instances, share, _ in answer.rows:
        assert share == (instances / totals[step] if totals[step] else 0), (step, version)
    assert len(answer.rows) == len(starts(first, last, by)) * len({v for _, v in counts})
    order = list(dict.fromkeys(answer.column("version")))
    newest_first = ["2.1.0", "2.0.1", "2.0.0", "1.10.0", "1.10.0-rc1", "1.9.0", None]
    assert order == [version for version in newest_first if version in order]


def newest_values(items, first, last, field, where=lambda _item: True):
    """Instance → newest value as of `last`, of instances active in the period."""
    active = {item.instance for item in items if first <= item.at.date() <= last}
    known, newest = {}, {}
    for item in sorted(items, key=lambda item: item.at):
        if item.path == "snapshot.host" and item.instance in active and item.at.date() <= last:
            newest[item.instance] = item
            if item.fields.get(field) is not None:
                known[item.instance] = item.fields[field]
    return {name: value for name, value in known.items() if where(newest[name])}, active


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_distribution_of_a_text_in_a_snapshot(world, first, last):
    """The newest value of every instance active in the period, as of its end."""
    known, active = newest_values(world.fleet.of(), first, last, "system")

    answer = world.insight.ask("field_distribution", words(first, last, field="system"))

    counts = Counter(known.values())
    expected = [
        (value, n, n / len(known))
        for value, n in sorted(counts.items(), key=lambda e: (-e[1], e[0]))
    ]
    assert list(answer.rows) == expected
    assert not known or answer.notes == (
        f"{len(known):,} of {len(active):,} instances active in the period carry the field.",
    )


def test_distribution_where_the_newest_snapshot_has_a_version(world):
    first, last = PERIODS[0]
    known, _ = newest_values(
        world.fleet.of(), first, last, "system", lambda item: item.version == "2.0.1"
    )
    asked = words(first, last) | {"where": ["field=snapshot.host.system", "version=2.0.1"]}
    answer = world.insight.ask("field_distribution", asked)
    assert {row[0]: row[1] for row in answer.rows} == Counter(known.values())
    assert len(known) > 5


def test_distribution_of_whole_numbers_in_ranges(world):
    """1, 2 to 4, 5 to 9, 10 to 19 … in order."""
    first, last = PERIODS[0]
    known, _ = newest_values(world.fleet.of(), first, last, "cores")
    labels = {1: "1", 2: "2 to 4", 4: "2 to 4", 8: "5 to 9", 16: "10 to 19", 64: "50 to 99"}
    counts = Counter(labels[value] for value in known.values())
    answer = world.insight.ask("field_distribution", words(first, last, field="cores"))
    order = ["1", "2 to 4", "5 to 9", "10 to 19", "50 to 99"]
    assert [(row[0], row[1]) for row in answer.rows] == [(name, counts[name]) for name in order]


def test_distribution_of_a_list_counts_each_element_once(world):
    first, last = PERIODS[0]
    known, _ = newest_values(world.fleet.of(), first, last, "plugins")
    counts = Counter(name for value in known.values() for name in set(value))
    answer = world.insight.ask("field_distribution", words(first, last, field="plugins"))
    assert {row[0]: (row[1], row[2]) for row in answer.rows} == {
        name: (n, n / len(known)) for name, n in counts.items()
    }


def test_distribution_inside_a_group(world):
    first, last = PERIODS[0]
    known, _ = newest_values(world.fleet.of(), first, last, "tables")
    counts = Counter(e for value in known.values() for e in {row["engine"] for row in value})
    answer = world.insight.ask("field_distribution", words(first, last, field="tables.engine"))
    assert {row[0]: row[1] for row in answer.rows} == counts


def test_distribution_of_versions_is_newest_first(world):
    first, last = PERIODS[0]
    known, _ = newest_values(world.fleet.of(), first, last, "version")
    answer = world.insight.ask("field_distribution", words(first, last, field="version"))
    assert {row[0]: row[1] for row in answer.rows} == Counter(known.values())
    order = ["2.1.0", "2.0.1", "2.0.0", "1.10.0", "1.10.0-rc1", "1.9.0"]
    assert answer.column("value") == [v for v in order if v in known.values()]


@pytest.mark.parametrize("country", [None, "FR"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_distribution_of_an_event_field(world, first, last, country):
    """All events of the period: how many carry each value, from how many instances."""
    chosen = [
        item
        for item in world.fleet.of()
        if item.path == "event.command_finished"
        and first <= item.at.date() <= last
        and country in (None, item.country)
    ]
    instances = defaultdict(set)
    for item in chosen:
        instances[item.fields["command"]].add(item.instance)
    counts = Counter(item.fields["command"] for item in chosen)
    expected = {name: (len(instances[name]), n, n / len(chosen)) for name, n in counts.items()}

    more = {"country": [country]} if country else {}
    answer = world.insight.ask("field_distribution", words(first, last, field="command") | more)

    assert {row[0]: row[1:] for row in answer.rows} == expected


def test_distribution_of_durations_in_ranges(world):
    first, last = PERIODS[0]
    lows = Counter()
    for item in world.fleet.of():
        if item.path == "event.command_finished" and first <= item.at.date() <= last:
            value = item.fields["seconds"]
            power = 10 ** math.floor(math.log10(value)) if value else 0
            lows[next((n * power for n in (5, 2, 1) if power and value >= n * power), 0)] += 1
    answer = world.insight.ask("field_distribution", words(first, last, field="seconds"))
    assert answer.column("items") == [n for _, n in sorted(lows.items())]


def test_a_glance_counts_what_the_question_counts(world):
    items = world.fleet.of()
    product = world.insight.product("forge")

    def active(first: int, last: int) -> set:
        days = {TODAY - timedelta(days=n) for n in range(last, first + 1)}
        return {item.instance for item in items if item.at.date() in days}

    glance = world.insight.glance(product, Origin.PRODUCTION)
    assert glance.active_7 == len(active(6, 0))
    assert glance.active_7_before == len(active(13, 7))
    assert glance.active_30 == len(active(29, 0))
    assert list(glance.daily) == [len(active(n, n)) for n in range(29, -1, -1)]
    assert glance.last_seen == max(item.at for item in items)
    latest = {}
    for (instance, day), version in sorted(day_versions(items).items(), key=lambda e: e[0][1]):
        if day > TODAY - timedelta(days=30) and version:
            latest[instance] = version
    assert glance.newest_version == "2.1.0"
    assert glance.newest_share == Counter(latest.values())["2.1.0"] / len(latest)
