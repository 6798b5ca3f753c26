"""Pages and the quality of the data of the great fleet, against plain Python."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import pytest
from fleet import TODAY
from plainly import last_versions, of_period, words

from glasshouse.insight import QuestionError

PERIODS = [(TODAY - timedelta(days=29), TODAY), (date(2026, 10, 3), date(2026, 10, 9))]
ORDER = ["2.1.1", "2.1.0", "2.0.1", "2.0.0", "1.10.0", "1.10.0-rc1", "1.9.0", None]
HALF_AN_HOUR = timedelta(minutes=30)


def visits_of(items, first, last):
    """Lists of views of one visitor without a pause of more than half an hour."""
    by = defaultdict(list)
    for item in sorted(of_period(items, first, last), key=lambda item: item.at):
        if item.path == "event.page_view":
            by[item.instance].append(item)
    visits = []
    for views in by.values():
        visits.append([views[0]])
        for one, other in pairwise(views):
            if other.at - one.at > HALF_AN_HOUR:
                visits.append([])
            visits[-1].append(other)
    return visits


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_page_views(great, first, last):
    visits = visits_of(great.fleet.of(), first, last)
    views = [view for visit in visits for view in visit]
    entries = Counter(visit[0].fields["route"] for visit in visits)
    exits = Counter(visit[-1].fields["route"] for visit in visits)
    counts = Counter(view.fields["route"] for view in views)
    expected = {
        (route, n, n / len(views), len({v.instance for v in views if v.fields["route"] == route}),
         entries[route], exits[route])
        for route, n in counts.items()
    }  # fmt: skip
    answer = great.insight.ask("page_views", words(first, last))
    assert set(answer.rows) == expected
    assert len(visits) > len({view.instance for view in views}) > 100


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_page_paths(great, first, last):
    moves = [
        (one.fields["route"], other.fields["route"], one.instance)
        for visit in visits_of(great.fleet.of(), first, last)
        for one, other in pairwise(visit)
    ]
    counts, leaving = Counter(move[:2] for move in moves), Counter(move[0] for move in moves)
    expected = {
        (page, following, n, n / leaving[page],
         len({who for *path, who in moves if tuple(path) == (page, following)}))
        for (page, following), n in counts.items()
    }  # fmt: skip
    answer = great.insight.ask("page_paths", words(first, last))
    assert set(answer.rows) == expected
    assert answer.column("items") == sorted(answer.column("items"), reverse=True)


def quantile(values, share):
    known = sorted(values)
    rank = share * (len(known) - 1)
    low, high = int(rank), min(int(rank) + 1, len(known) - 1)
    return known[low] + (known[high] - known[low]) * (rank - low)


@pytest.mark.parametrize("country", [None, "US"])
def test_load_times(great, country):
    first, last = PERIODS[0]
    times, visitors = defaultdict(list), defaultdict(set)
    newest = {}
    for item in sorted(great.fleet.of(), key=lambda item: item.at):
        newest[item.instance] = item.country or newest.get(item.instance)
    for item in of_period(great.fleet.of(), first, last):
        if "load_time" in item.fields and country in (None, newest[item.instance]):
            times[item.fields["route"]].append(item.fields["load_time"])
            visitors[item.fields["route"]].add(item.instance)
    asked = words(first, last) | ({"where": [f"country={country}"]} if country else {})
    answer = great.insight.ask("load_times", asked)
    assert {row[:4] for row in answer.rows} == {
        (page, len(values), len(visitors[page]), median(values)) for page, values in times.items()
    }
    for page, _, _, _, slow, slowest in answer.rows:
        assert slow == pytest.approx(quantile(times[page], 0.75))
        assert slowest == pytest.approx(quantile(times[page], 0.95))


@pytest.mark.parametrize("question", ["page_views", "page_paths", "load_times"])
def test_a_product_without_pages(world, question):
    with pytest.raises(QuestionError, match="declares no page views"):
        world.insight.ask(question, {"product": ["forge"]})


@pytest.mark.parametrize(("first", "last"), [*PERIODS, (TODAY - timedelta(days=89), TODAY)])
def test_data_quality(great, first, last):
    items = of_period(great.fleet.of(), first, last)
    days, places, doubtful, sent = (defaultdict(set), defaultdict(lambda: defaultdict(set)),
                                    Counter(), Counter())  # fmt: skip
    for item in items:
        days[item.instance].add(item.at.date())
        places[item.instance][item.at.date()] |= {item.country} - {None}
        doubtful[item.instance] += item.doubtful
        sent[item.instance] += 1
    of_version = defaultdict(list)
    for name, version in last_versions(great.fleet.of(), first, last).items():
        of_version[version].append(name)
    expected = []
    for version in ORDER:
        names = of_version.get(version)
        if not names:
            continue
        span = sum((max(days[name]) - min(days[name])).days + 1 for name in names)
        gaps = sum(any((b - a).days > 7 for a, b in pairwise(sorted(days[name]))) for name in names)
        items_sent = sum(sent[name] for name in names)
        expected.append(
            (version, len(names), sum(len(days[name]) for name in names) / span, gaps,
             sum(any(len(p) > 1 for p in places[name].values()) for name in names),
             sum(doubtful[name] > 0 for name in names), items_sent,
             sum(doubtful[name] for name in names) / items_sent)
        )  # fmt: skip

    answer = great.insight.ask("data_quality", words(first, last))

    assert list(answer.rows) == expected
    assert all(sum(row[n] for row in expected) for n in (3, 4, 5)) or (last - first).days < 10
