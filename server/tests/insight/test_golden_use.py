"""Values, places, sizes, features and retention of the great fleet, against plain Python."""

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median

import pytest
from fleet import TODAY
from great_fleet import COMMANDS
from plainly import (
    countries_of,
    ends_after,
    last_versions,
    newest_field,
    of_period,
    organizations_of,
    start_of,
    starts,
    words,
)

from glasshouse.insight import QuestionError

PERIODS = [(TODAY - timedelta(days=89), TODAY), (date(2026, 8, 12), date(2026, 9, 30))]
ORDER = ["2.1.1", "2.1.0", "2.0.1", "2.0.0", "1.10.0", "1.10.0-rc1", "1.9.0"]
CORES = {1: "1", 2: "2 to 4", 4: "2 to 4", 8: "5 to 9", 16: "10 to 19", 64: "50 to 99"}
RANGES = ["1", "2 to 4", "5 to 9", "10 to 19", "20 to 49", "50 to 99", "100 to 199", "200 to 499",
          "500 to 999", "1,000 to 1,999", "2,000 to 4,999", "5,000 to 9,999"]  # fmt: skip


def range_of(number: float) -> str:
    power = 10 ** math.floor(math.log10(number))
    low = next(n * power for n in (5, 2, 1) if number >= n * power)
    high = low * (2.5 if str(low)[0] == "2" else 2) - 1
    return f"{low:,}" if high == low else f"{low:,} to {high:,.0f}"


@pytest.mark.parametrize("country", [None, "FR"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_cross_tabulation_of_numbers_and_versions(great, first, last, country):
    items = great.fleet.of()
    where = countries_of(items)
    active = {item.instance for item in of_period(items, first, last)}
    cores, versions = newest_field(items, last, "cores"), last_versions(items, first, last)
    counts = Counter(
        (CORES[cores[name]], versions[name])
        for name in active
        if name in cores and versions[name] and country in (None, where[name])
    )
    expected = [
        (size, version, counts[size, version],
         counts[size, version] / sum(n for (s, _), n in counts.items() if s == size))
        for size in RANGES for version in ORDER if counts[size, version]
    ]  # fmt: skip

    asked = words(first, last, field="cores", across="version")
    if country:
        asked["where"] = [f"country={country}"]
    answer = great.insight.ask("cross_tabulation", asked)

    assert list(answer.rows) == expected
    assert len(answer.dimensions) == (3 if country else 2)


def test_cross_tabulation_of_lists_and_events(great):
    """An instance counts for every plugin it has and every command it sent."""
    first, last = PERIODS[1]
    items = great.fleet.of()
    plugins = newest_field(items, last, "plugins")
    commands = defaultdict(set)
    for item in of_period(items, first, last):
        commands[item.instance] |= {item.fields.get("command")} - {None}
    counts = Counter(
        (plugin, command)
        for name, sent in commands.items()
        for plugin in plugins.get(name, ())
        for command in sent
    )
    answer = great.insight.ask(
        "cross_tabulation", words(first, last, field="plugins", across="command")
    )
    assert {row[:2]: row[2] for row in answer.rows} == counts
    with pytest.raises(QuestionError, match="two different traits"):
        great.insight.ask("cross_tabulation", words(first, last, field="cores", across="cores"))


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_geography(great, first, last):
    items = great.fleet.of()
    where, owner = countries_of(items), organizations_of(items, first, last)
    born = {}
    for item in items:
        born[item.instance] = min(born.get(item.instance, item.at), item.at)
    active = {item.instance for item in of_period(items, first, last)}
    at = defaultdict(set)
    for name in active:
        at[where[name]].add(name)
    expected = {
        (place, len(those), len(those) / len(active),
         sum(born[name].date() >= first for name in those),
         len({owner[name] for name in those if name in owner}))
        for place, those in at.items()
    }  # fmt: skip

    answer = great.insight.ask("geography", words(first, last))

    assert set(answer.rows) == expected
    assert answer.column("instances") == sorted(answer.column("instances"), reverse=True)
    assert answer.coverage.carrying == len(active) - len(at[None])
    of_germany = great.insight.ask("geography", words(first, last, country="de"))
    assert [row[:2] for row in of_germany.rows] == [(None, len(at["DE"]))]


@pytest.mark.parametrize("field", [None, "cores"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_deployment_sizes(great, first, last, field):
    items = great.fleet.of()
    owner, cores = organizations_of(items, first, last), newest_field(items, last, "cores")
    owned = defaultdict(list)
    for name, organization in owner.items():
        owned[organization].append(name)
    sized = defaultdict(list)
    for names in owned.values():
        known = [cores[name] for name in names if name in cores]
        size = sum(known) if field else len(names)
        if size:
            sized[range_of(size)].append((size, len(names)))
    whole = sum(map(len, sized.values()))
    expected = [
        (label, len(those), len(those) / whole, sum(n for _, n in those),
         median(size for size, _ in those), sum(size for size, _ in those))
        for label in RANGES if (those := sized.get(label))
    ]  # fmt: skip

    more = {"field": [field]} if field else {}
    answer = great.insight.ask("deployment_sizes", words(first, last) | more)

    assert list(answer.rows) == expected
    assert len(expected) > 3
    with pytest.raises(QuestionError, match="a number that a snapshot holds once"):
        great.insight.ask("deployment_sizes", words(first, last, field="seconds"))


def uses(items, first, last, field):
    """Feature → instance → days with the times it was used on each."""
    found = defaultdict(lambda: defaultdict(Counter))
    for item in of_period(items, first, last):
        kind, _, name = item.path.partition(".")
        feature = item.fields.get("command") if field else name if kind == "event" else None
        if feature:
            found[feature][item.instance][item.at.date()] += 1
    return found


@pytest.mark.parametrize("field", [None, "command"])
@pytest.mark.parametrize(("first", "last"), [*PERIODS, (TODAY - timedelta(days=140), TODAY)])
def test_feature_adoption(great, first, last, field):
    items = great.fleet.of()
    owner = organizations_of(items, first, last)
    active = {item.instance for item in of_period(items, first, last)}
    length = (last - first).days + 1
    expected = {}
    for feature, by in uses(items, first, last, field).items():
        owners = {owner[name] for name in by if name in owner}
        days = sum(len(on) for on in by.values())
        expected[feature] = (
            len(by), len(by) / len(active), len(owners), len(owners) / len(set(owner.values())),
            sum(sum(on.values()) for on in by.values()), days / len(by),
        )  # fmt: skip

    more = {"field": [field]} if field else {}
    answer = great.insight.ask("feature_adoption", words(first, last) | more)

    assert {row[0]: row[1:7] for row in answer.rows} == expected
    for row in answer.rows:  # mean daily users by users
        days = sum(len(on) for on in uses(items, first, last, field)[row[0]].values())
        assert row[7] == pytest.approx(days / length / row[1], rel=1e-12)
    assert {c.counts for c in answer.columns} == {"", "instances", "organizations", "items"}


def test_features_that_nobody_used_are_listed(great):
    answer = great.insight.ask(
        "feature_adoption", words(PERIODS[1][0], PERIODS[1][0], field="step")
    )
    assert {row[0] for row in answer.rows} == {"installed", "configured", "connected", "first_job"}
    quiet = words(date(2025, 1, 1), date(2025, 1, 31), field="command")
    nothing = great.insight.ask("feature_adoption", quiet)
    assert {row[:4] for row in nothing.rows} == {(c, 0, 0.0, 0) for c in COMMANDS}


@pytest.mark.parametrize("field", [None, "command"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_feature_breadth(great, first, last, field):
    items = great.fleet.of()
    owner = organizations_of(items, first, last)
    of_instance = {item.instance: set() for item in of_period(items, first, last)}
    for feature, by in uses(items, first, last, field).items():
        for name in by:
            of_instance[name].add(feature)
    of_organization = defaultdict(set)
    for name, organization in owner.items():
        of_organization[organization] |= of_instance[name]
    one = Counter(map(len, of_instance.values()))
    other = Counter(map(len, of_organization.values()))
    expected = [
        (n, one[n], one[n] / len(of_instance), other[n], other[n] / len(of_organization))
        for n in sorted(one | other)
    ]

    more = {"field": [field]} if field else {}
    answer = great.insight.ask("feature_breadth", words(first, last) | more)

    assert list(answer.rows) == expected
    assert len(expected) > 2


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_recommendations(great, first, last):
    items = great.fleet.of()
    owner = organizations_of(items, first, last)
    size = Counter(owner.values())
    using = defaultdict(lambda: defaultdict(set))
    for feature, by in uses(items, first, last, "command").items():
        for name in by:
            if name in owner:
                using[feature][owner[name]].add(name)
    expected = {}
    for mine in size:
        peers = [o for o in size if o != mine and range_of(size[o]) == range_of(size[mine])]
        if len(peers) < 3:
            continue
        for feature in COMMANDS:
            having = [peer for peer in peers if using[feature][peer]]
            middle = median(len(using[feature][peer]) / size[peer] for peer in peers)
            own = len(using[feature][mine])
            if (
                having
                and len(having) * 2 >= len(peers)
                and not (own and own / size[mine] >= middle / 2)
            ):
                expected[mine, feature] = (
                    "little used" if own else "unused", size[mine], own, len(peers), len(having),
                    len(having) / len(peers),
                )  # fmt: skip

    answer = great.insight.ask("recommendations", words(first, last, field="command"))

    assert {(row[0], row[2]): row[3:9] for row in answer.rows} == expected
    assert {row[3] for row in answer.rows} == {"unused", "little used"}
    assert answer.raw
    one = answer.rows[0]
    asked = words(first, last, field="command", organization=one[0])
    alone = great.insight.ask("recommendations", asked)
    assert list(alone.rows) == [row for row in answer.rows if row[0] == one[0]]
    shares = [row[8] for row in alone.rows]
    assert shares == sorted(shares, reverse=True)
    unused = next(row for row in answer.rows if row[3] == "unused")
    assert unused[9] == (
        f"{unused[7]} of {unused[6]} organizations of this size use '{unused[2]}'; "
        f"none of the {unused[4]} active instances here did."
    )
    with pytest.raises(QuestionError, match="one active in the period"):
        great.insight.ask("recommendations", words(first, last, organization="org-xx"))


@pytest.mark.parametrize("by", ["week", "month"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_retention(great, first, last, by):
    born, active = {}, defaultdict(set)
    for item in great.fleet.of():
        active[start_of(item.at.date(), by)].add(item.instance)
        born[item.instance] = min(born.get(item.instance, item.at), item.at)
    steps = starts(first, last, by)
    expected = []
    for number, cohort in enumerate(steps):
        those = {name for name, at in born.items() if start_of(at.date(), by) == cohort}
        for age, step in enumerate(steps[number:]):
            n = len(those & active[step])
            if those:
                expected.append(
                    (cohort, age, len(those), n, n / len(those), ends_after(step, by) <= TODAY)
                )

    answer = great.insight.ask("retention", words(first, last, by=by))

    assert list(answer.rows) == expected
    assert 0 < min(row[4] for row in expected) < 1


@pytest.mark.parametrize("organization", ["org-00", "org-21", "org-50"])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_peers(great, first, last, organization):
    items = great.fleet.of()
    owner = organizations_of(items, first, last)
    size = Counter(owner.values())
    days, used = defaultdict(set), defaultdict(set)
    for item in of_period(items, first, last):
        days[item.instance].add(item.at.date())
        if owner.get(item.instance) and item.path.startswith("event."):
            used[owner[item.instance]].add(item.path)
    versions = last_versions(items, first, last)
    near = [v for v in ORDER if "rc" not in v and any(
        item.version == v and item.at.date() <= last for item in items)][:3]  # fmt: skip
    values = defaultdict(dict)
    for one in size:
        names = [name for name, of in owner.items() if of == one]
        naming = [versions[name] for name in names if versions[name]]
        values["instances"][one] = len(names)
        values["days"][one] = sum(len(days[name]) for name in names) / len(names)
        values["features"][one] = len(used[one])
        if naming:
            good = [v for v in naming if ORDER.index(v) <= ORDER.index(near[-1])]
            values["on_newest"][one] = len(good) / len(naming)
    expected = []
    for measure, of in values.items():
        mine = of.get(organization)
        others = [v for o, v in of.items()
                  if o != organization
                  and range_of(size[o]) == range_of(size[organization])]  # fmt: skip
        middle = median(others) if others else None
        below = None if mine is None else sum(v < mine for v in others)
        expected.append((measure, mine, len(others), middle, below))

    answer = great.insight.ask("peers", words(first, last, organization=organization))

    assert [(row[0], *row[2:]) for row in answer.rows] == expected
    assert answer.raw
