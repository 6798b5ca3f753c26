"""Funnels and advisories over the great fleet, against plain Python."""

import json
from collections import defaultdict
from datetime import date, timedelta
from statistics import median

import pytest
from fleet import TODAY
from great_fleet import SET_UP
from plainly import day_versions, last_of_days, of_period, organizations_of, start_of, words

from glasshouse.insight import QuestionError
from glasshouse.insight.affected import affected_of_osv, affected_of_range

PERIODS = [(TODAY - timedelta(days=89), TODAY), (date(2026, 8, 12), date(2026, 9, 30))]
WAY = ",".join(f"set_up.step={step}" for step in SET_UP)


def milliseconds(moment) -> int:
    return int(moment.timestamp() * 1_000_000 + 0.5) // 1000


def ninetieth(values):
    """Between the two nearest ranks, as far as the rank lies between them."""
    known = sorted(values)
    rank = 0.9 * (len(known) - 1)
    low = int(rank)
    high = min(low + 1, len(known) - 1)
    return known[low] + (known[high] - known[low]) * (rank - low)


def way_of(items, tests, within=None):
    """Instance → the times at which it first did each step after the one before."""
    by = defaultdict(list)
    for item in sorted(items, key=lambda item: item.at):
        by[item.instance].append(item)
    ways = {}
    for name, mine in by.items():
        done = []
        for number, test in enumerate(tests):
            same = number and test is tests[number - 1]
            later = [
                item.at
                for item in mine
                if test(item)
                and (not done or item.at > done[-1] or (item.at == done[-1] and not same))
                and (not done or within is None or item.at <= done[0] + timedelta(days=within))
            ]
            if not later:
                break
            done.append(min(later))
        if done:
            ways[name] = done
    return ways


@pytest.mark.parametrize("within", [None, 1])
@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_funnel_of_setting_up(great, first, last, within):
    items = great.fleet.of()
    owner = organizations_of(items, first, last)
    tests = [
        lambda item, step=step: item.path == "event.set_up" and item.fields["step"] == step
        for step in SET_UP
    ]
    ways = way_of(of_period(items, first, last), tests, within)
    came = [[name for name, done in ways.items() if len(done) > n] for n in range(len(SET_UP))]
    expected = []
    for n, names in enumerate(came):
        times = (
            [milliseconds(ways[x][n]) - milliseconds(ways[x][n - 1]) for x in names] if n else []
        )
        expected.append(
            (n + 1, f"set_up.step={SET_UP[n]}", len(names), len(names) / len(came[0]),
             len(names) / len(came[n - 1 if n else 0]),
             len({owner[x] for x in names if x in owner}),
             median(times) / 1000 if times else None)
        )  # fmt: skip

    more = {"within": [str(within)]} if within else {}
    answer = great.insight.ask("funnel", words(first, last, steps=WAY) | more)

    assert [row[:7] for row in answer.rows] == expected
    assert len(came[0]) > len(came[3]) > 0
    for n, row in enumerate(answer.rows):
        times = (
            [milliseconds(ways[x][n]) - milliseconds(ways[x][n - 1]) for x in came[n]] if n else 0
        )
        assert row[7] == (pytest.approx(ninetieth(times) / 1000) if times else None)


def test_funnel_over_events_and_repeats(great):
    """Steps of different events; the same step twice is the next time."""
    first, last = PERIODS[1]

    def report(item):
        return item.path == "event.report_opened"

    def scan(item):
        return item.fields.get("command") == "scan"

    ways = way_of(of_period(great.fleet.of(), first, last), [scan, report, report])
    expected = [sum(len(done) > n for done in ways.values()) for n in range(3)]
    steps = "command=scan, report_opened, event.report_opened"
    answer = great.insight.ask("funnel", words(first, last, steps=steps))
    assert answer.column("instances") == expected
    assert min(expected) > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": "set_up"}, "2 to 10 steps"),
        ({"steps": "set_up,report_open"}, "Did you mean 'report_opened'"),
        ({"steps": "set_up,set_up.step=instaled"}, "Did you mean 'installed'"),
        ({"steps": "set_up,cores=4"}, "a field that an event holds once"),
        ({"steps": WAY, "within": "soon"}, "a number of days"),
        ({}, "steps: found nothing"),
    ],
)
def test_a_funnel_asked_wrongly(great, given, message):
    with pytest.raises(QuestionError, match=message):
        great.insight.ask("funnel", words(*PERIODS[1], **given))


AFFECTED = {"1.10.0", "2.0.0", "2.0.1"}
OSV = {
    "id": "EXAMPLE-1",
    "published": "2026-10-20T08:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "example", "name": "forge"},
            "versions": ["1.10.0"],
            "ranges": [
                {"type": "SEMVER", "events": [{"fixed": "2.1.0"}, {"introduced": "2.0.0"}]},
                {"type": "GIT", "events": [{"introduced": "0"}]},
            ],
        }
    ],
}
GIVEN = [
    {"affected": "=1.10.0 || >=2.0.0, <2.1.0", "disclosed": "2026-10-20"},
    {"osv": json.dumps(OSV)},
]


def running(ended, day):
    """Instance → the last version it named in the 30 days up to a day."""
    since = day - timedelta(days=29)
    return last_of_days({k: v for k, v in ended.items() if since <= k[1] <= day}, since, day)


def moved_days(ended, disclosed, last, affected=AFFECTED):
    """Of those affected at disclosure, the first day each ended on another version, or None."""
    exposed = {name for name, v in running(ended, disclosed).items() if v in affected}
    moved = dict.fromkeys(exposed)
    for (name, day), version in sorted(ended.items(), key=lambda entry: entry[0][1]):
        after = disclosed < day <= last and version and version not in affected
        if after and name in exposed and moved[name] is None:
            moved[name] = day
    return moved


EARLY = {"affected": "<2.0.0", "disclosed": "2026-09-05"}
CASES = [
    (GIVEN[0], AFFECTED, date(2026, 10, 20)),
    (GIVEN[1], AFFECTED, date(2026, 10, 20)),
    (EARLY, {"1.9.0", "1.10.0-rc1", "1.10.0"}, date(2026, 9, 5)),
]


@pytest.mark.parametrize(("given", "affected", "disclosed"), CASES)
def test_advisory(great, given, affected, disclosed):
    items = great.fleet.of()
    ended = day_versions(items)
    moved = moved_days(ended, disclosed, TODAY, affected)
    days = sorted(day for day in moved.values() if day)
    enough = (len(moved) + 1) // 2
    half = (days[enough - 1] - disclosed).days if len(days) >= enough else None
    expected = []
    for moment, day, life in (("disclosed", disclosed, half), ("now", TODAY, None)):
        on = running(ended, day)
        owner = organizations_of(items, day - timedelta(days=29), day)
        hit = {name for name, version in on.items() if version in affected}
        expected.append(
            (moment, day, len(hit), len(on), len(hit) / len(on),
             len({owner[name] for name in hit if name in owner}), life)
        )  # fmt: skip

    answer = great.insight.ask("advisory", words(TODAY - timedelta(days=60), TODAY, **given))

    assert list(answer.rows) == expected
    assert (half is not None) is (given is EARLY)


@pytest.mark.parametrize("by", ["day", "week"])
def test_advisory_spread(great, by):
    disclosed, last = date(2026, 10, 20), date(2026, 11, 15)
    moved = moved_days(day_versions(great.fleet.of()), disclosed, last)
    expected = []
    for n in range((last - disclosed).days + 1):
        day = disclosed + timedelta(days=n)
        final = day + timedelta(days=6 - day.weekday()) if by == "week" else day
        gone = sum(when is not None and when <= final for when in moved.values())
        row = (start_of(day, by), len(moved), gone, gone / len(moved), len(moved) - gone)
        if row not in expected:
            expected.append(row)

    answer = great.insight.ask("advisory_spread", words(disclosed, last, by=by, **GIVEN[0]))

    assert [row[:5] for row in answer.rows] == expected


def test_advisory_organizations(great):
    items = great.fleet.of()
    on = running(day_versions(items), TODAY)
    owner = organizations_of(items, TODAY - timedelta(days=29), TODAY)
    seen = {}
    for item in of_period(items, TODAY - timedelta(days=29), TODAY):
        seen[item.instance] = max(seen.get(item.instance, item.at.date()), item.at.date())
    of = defaultdict(list)
    for name in on:
        of[owner.get(name)].append(name)
    expected = set()
    for organization, names in of.items():
        hit = [name for name in names if on[name] in AFFECTED]
        if hit:
            expected.add(
                (organization, len(hit), len(names), len(hit) / len(names),
                 len({on[name] for name in hit}), max(seen[name] for name in hit))
            )  # fmt: skip

    asked = words(TODAY - timedelta(days=30), TODAY, **GIVEN[1])
    answer = great.insight.ask("advisory_organizations", asked)

    assert set(answer.rows) == expected
    assert answer.column("instances") == sorted(answer.column("instances"), reverse=True)
    assert len(expected) > 10
    assert answer.raw


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=2.0.0,<2.0.4", ["2.0.0", "2.0.4-rc1", "v2.0.3"], ["1.9", "2.0.4", "2.1", "other"]),
        ("<2 || =3.1", ["0.1", "1.99", "3.1"], ["2", "3.1.1", None, "nightly"]),
        ("1.9.0", ["1.9.0"], ["1.9", "1.9.0-2"]),
    ],
)
def test_ranges(text, inside, outside):
    affected = affected_of_range(text)
    assert [v for v in (*inside, *outside) if affected.holds(v)] == inside


def test_osv_ranges():
    """Introduced again after a fix, last affected, and from the beginning on."""
    events = [
        {"introduced": "0"},
        {"fixed": "1.2"},
        {"introduced": "1.4"},
        {"last_affected": "1.6"},
    ]
    record = {"affected": [{"ranges": [{"type": "ECOSYSTEM", "events": events}]}]}
    affected = affected_of_osv(json.dumps(record))
    found = [v for v in ("0.1", "1.1", "1.2", "1.3", "1.4", "1.6", "1.6.1") if affected.holds(v)]
    assert found == ["0.1", "1.1", "1.4", "1.6"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "one of 'affected' and 'osv'"),
        ({"affected": "<2", "osv": "{}"}, "one of 'affected' and 'osv'"),
        ({"affected": "newer than 2"}, "a range such as"),
        ({"osv": "CVE-2026-1"}, "an OSV record"),
        ({"osv": "[]"}, "no affected versions"),
        ({"osv": '{"affected": 1}'}, "no affected versions"),
        ({"osv": '{"affected": [{"versions": "x"}]}'}, "no affected versions"),
        ({"osv": "[" * 60_000}, "an OSV record"),
        ({"affected": "<2", "disclosed": "monday"}, "a day such as"),
        ({"affected": "<2", "disclosed": "2027-01-01"}, "not after the last one"),
    ],
)
def test_an_advisory_asked_wrongly(great, given, message):
    with pytest.raises(QuestionError, match=message):
        great.insight.ask("advisory", words(*PERIODS[0], **given))


def test_an_advisory_about_versions_that_nobody_runs(great):
    answer = great.insight.ask("advisory", words(*PERIODS[0], affected=">=99"))
    assert answer.column("instances") == [0, 0]
    assert answer.column("half_life") == [None, None]
    spread = great.insight.ask("advisory_spread", words(*PERIODS[0], affected=">=99"))
    assert set(spread.column("share")) == {0.0}
    assert not great.insight.ask("advisory_organizations", words(*PERIODS[0], affected=">=99")).rows
