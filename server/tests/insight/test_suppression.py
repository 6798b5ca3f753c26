"""Without raw access: an attacker who asks as cleverly as he can learns of no small group."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import product as combinations

import pytest
from fleet import NOW, TODAY, generated
from fleet import world as build

from glasshouse.insight import Insight, QuestionError
from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.exporting import answer_csv, answer_object
from glasshouse.insight.period import Period, Step
from glasshouse.insight.suppression import Suppression, closed, condition_group, suppressed
from glasshouse.model import Origin

K = 10
SECRET = b"s" * 32
COUNTRIES = ("DE", "US", "FR", "IN", "IS")


def rules(k=K, secret=SECRET):
    return Suppression({"instances": k, "organizations": 5}, secret)


def group(**names):
    return frozenset(names.items())


# The steps.


@pytest.mark.parametrize("k", [2, 5, 10, 17])
def test_what_is_shown_is_a_multiple_near_the_count_and_never_of_a_small_group(k):
    for seed in range(60):
        shown = [
            rules(k, bytes([seed]) * 32).step_of(n, "instances", group(a="b")) for n in range(200)
        ]
        assert all(s is None for s in shown[:k])
        assert all(s is not None for s in shown[2 * k - 1 :])
        for n, s in enumerate(shown):
            assert s is None or (s % k == 0 and abs(s - n) < k and s >= k)
        assert [s for s in shown if s] == sorted(s for s in shown if s)


def test_the_same_question_has_the_same_answer_however_it_is_put():
    one = rules().step_of(34, "instances", group(country="DE", version="1.0"))
    other = Suppression({"instances": K}, SECRET)
    assert all(
        other.step_of(34, "instances", frozenset([("version", "1.0"), ("country", "DE")])) == one
        for _ in range(50)
    )


def test_names_cannot_be_put_together_so_that_two_groups_are_one():
    """Else a value that is chosen well would give a group the edges of another."""
    edges = [rules()._edge("instances", g) for g in (group(a="b 1 c d"), group(a="b", c="d"))]
    assert edges[0] != edges[1]


# An attacker with a total and all parts but one, on many days. The rest stays the same while the
# part moves through its steps: then the mean of the shown differences is the rest, and what the two
# edges add to it.


def mean_difference(rule, rest):
    """What an attacker learns at most of the withheld rest from shown totals and parts."""
    parts = range(100, 100 + 40 * K)
    total = [rule.step_of(part + rest, "instances", group()) for part in parts]
    part = [rule.step_of(part, "instances", group(country="DE")) for part in parts]
    return (sum(total) - sum(part)) / len(parts)


def explained_by(mean, edges):
    """Every size of a withheld group that explains the mean, for some edges of total and part."""
    sizes = {round(mean + total - part) for total, part in combinations(edges, edges)}
    return sizes & set(range(2 * K - 1))


class PlainRounding(Suppression):
    """What everybody does first."""

    def _edge(self, counted, group):
        return K - 1


@pytest.mark.parametrize("rest", range(1, K))
def test_total_minus_part_on_many_days_never_tells_the_rest(rest):
    plain = PlainRounding({"instances": K}, SECRET)
    assert explained_by(mean_difference(plain, rest), [K]) == {rest}, "the attack is a good one"
    left, guessed = [], 0
    for seed in range(200):
        mean = mean_difference(rules(secret=random.Random(seed).randbytes(32)), rest)
        sizes = explained_by(mean, range(1, K + 1))
        assert rest in sizes
        assert len(sizes) > 1, "one size alone would be the exact one"
        left.append(len(sizes))
        guessed += max(0, round(mean)) == rest
    assert sum(left) / len(left) > K
    assert guessed / len(left) < 2 / K, "the best guess is hardly better than any"


def test_averaging_over_days_and_ways_of_asking_gives_the_step_and_no_more():
    rule = rules()
    shown = {rule.step_of(34, "instances", group(country="DE")) for _ in range(10_000)}
    assert len(shown) == 1


# The same attacker at the real thing.


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A fleet in which three instances alone are in Iceland, and one runs a system of its own."""
    fleet = generated(240)
    names = sorted({i.instance for i in fleet.of()})
    rare = set(names[:3])
    fleet.items = [
        replace(
            i,
            country="IS",
            fields={**i.fields, "system": "Plan 9"} if "system" in i.fields else i.fields,
        )
        if i.instance in rare
        else i
        for i in fleet.items
    ]
    made = build(tmp_path_factory.mktemp("attacked"), fleet)
    yield made
    made.store.close()


def questions():
    """Everything that one can think of asking."""
    periods = [{"period": [p]} for p in ("7d", "30d", "90d", "12m")]
    for back in range(0, 40, 3):
        last = TODAY - timedelta(days=back)
        periods += [
            {"from": [str(last - timedelta(days=n))], "to": [str(last)]} for n in (0, 1, 6, 13, 29)
        ]
    narrow = [{}] + [{"where": [f"country={c}"]} for c in COUNTRIES] + [
        {"where": ["system=Plan 9"]}, {"where": ["snapshot.host.system=Plan 9"]},
        {"where": ["version=2.0.0"]}, {"where": ["country=IS", "version=2.0.0"]},
    ]  # fmt: skip
    for period, where in combinations(periods, narrow):
        whose = {"product": ["forge"], **period, **where}
        for by in ("day", "week", "month"):
            yield "active_instances", {**whose, "by": [by]}
            if "version=2.0.0" not in where.get("where", ()):
                yield "version_adoption", {**whose, "by": [by]}
        for field in ("system", "snapshot.host.cores", "plugins", "command"):
            yield "field_distribution", {**whose, "field": [field]}


def test_nothing_that_is_shown_is_of_a_small_group(attacked):
    insight, asked, cells, shown_cells = attacked.insight, 0, 0, 0
    dice = random.Random(3)
    every = [q for q in questions() if dice.random() < 0.04]
    for name, words in every:
        if len(words.get("where", ())) == 2 and name != "active_instances":
            with pytest.raises(QuestionError, match="at most 2"):
                insight.ask_suppressed(name, words)
            continue
        answer = insight.ask_suppressed(name, words)
        asked += 1
        assert answer.period.last < TODAY
        span = {"from": [str(answer.period.first)], "to": [str(answer.period.last)]}
        rest = {n: v for n, v in words.items() if n not in ("from", "to", "period")}
        exact = insight.ask(name, {**rest, **span})
        keys = [n for n, c in enumerate(answer.columns) if c.dimension]
        counts = {tuple(r[n] for n in keys): r for r in exact.rows}
        place = [c.name for c in answer.columns].index("instances")
        for row in answer.rows:
            true = counts[tuple(row[n] for n in keys)]
            cells += 1
            if row[place] is None:
                figures = [n for n, c in enumerate(answer.columns) if c.type in ("count", "share")]
                assert all(row[n] is None for n in figures)
                continue
            shown_cells += 1
            assert true[place] >= K
            assert row[place] % K == 0
            assert abs(row[place] - true[place]) < K
        text = answer_csv(answer_object(answer))
        if "Plan 9" not in str(words):
            assert "Plan 9" not in text, "a rare value is itself what must not be told"
        assert not [n for n in answer.notes if any(c.isdigit() for c in n) and "steps of" not in n]
    assert asked > 100
    assert cells > shown_cells > 200


def test_every_way_to_ask_about_a_group_gives_one_answer(attacked):
    """Else the ways could be averaged."""
    ask = attacked.insight.ask_suppressed
    whose = {"product": ["forge"], "by": ["week"], "period": ["30d"]}
    ways = [{"country": ["DE"]}, {"where": ["country=DE"]}, {"where": ["country=de"]}]
    found = {tuple(ask("active_instances", {**whose, **way}).column("instances")) for way in ways}
    assert len(found) == 1
    ways = [{"field": ["system"]}, {"field": ["snapshot.host.system"]}]
    whose = {"product": ["forge"]}
    found = {tuple(ask("field_distribution", {**whose, **way}).rows) for way in ways}
    assert len(found) == 1


def test_a_group_is_the_same_as_a_row_and_as_a_condition():
    columns = [
        Column("value", "system", "text", dimension=True),
        Column("instances", "I", "count", counts="instances"),
    ]
    row = suppressed(answer_of(columns, [("Debian 12", 234)]), rules()).rows[0][1]
    narrowed = answer_of(columns[1:], [(234,)], conditions=("snapshot.host.system is Debian 12",),
                         about=("snapshot.host.system",))  # fmt: skip
    assert condition_group(narrowed) == group(system="Debian 12")
    assert suppressed(narrowed, rules()).rows == [(row,)]


def test_another_server_has_other_steps_and_the_same_server_the_same(attacked):
    def server(secret):
        return Insight(attacked.store, attacked.catalogue, lambda: NOW, list, secret)

    words = {"product": ["forge"], "period": ["90d"]}
    rows = [server(s).ask_suppressed("active_instances", words).rows for s in (b"a", b"a", b"b")]
    assert rows[0] == rows[1] != rows[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"where": ["country!=IS"]}, "raw access"),
        ({"where": ["system~Plan"]}, "raw access"),
        ({"where": ["country=DE", "system=Plan 9", "cores=4"]}, "at most 2"),
        ({"where": ["plugins=git", "plugins=s3", "version=2.0.0"]}, "at most 2"),
    ],
)
def test_what_tells_groups_apart_too_finely_needs_raw_access(attacked, words, said):
    with pytest.raises(QuestionError, match=said):
        attacked.insight.ask_suppressed("active_instances", {"product": ["forge"], **words})
    assert attacked.insight.ask("active_instances", {"product": ["forge"], **words}).rows


def test_a_comparison_is_suppressed_as_well(attacked):
    words = {"product": ["forge"], "field": ["system"], "period": ["30d"], "compare": ["previous"]}
    answer = attacked.insight.ask_suppressed("field_distribution", words)
    assert "Plan 9" not in str(answer.rows)
    for name in ("instances", "instances_before"):
        assert all(cell is None or cell % K == 0 for cell in answer.column(name))


def test_the_smallest_group_is_a_setting_of_the_product(attacked):
    words = {"product": ["forge"], "field": ["system"]}
    try:
        attacked.catalogue.change("forge", {"smallest_group": 40})
        answer = attacked.insight.ask_suppressed("field_distribution", words)
        assert all(cell % 40 == 0 for cell in answer.column("instances"))
        assert "steps of 40" in answer.notes[-1]
    finally:
        attacked.catalogue.change("forge", {"smallest_group": K})


# Periods.


def test_only_whole_steps_that_are_over():
    today = date(2026, 11, 18)  # a Wednesday
    asked = Period(date(2026, 11, 1), today)
    assert closed(asked, Step.DAY, today) == Period(date(2026, 11, 1), date(2026, 11, 17))
    assert closed(asked, Step.WEEK, today) == Period(date(2026, 10, 26), date(2026, 11, 15))
    assert closed(asked, Step.MONTH, today) == Period(date(2026, 10, 1), date(2026, 10, 31))
    assert closed(Period(today, today), Step.DAY, today).last == date(2026, 11, 17)


def test_without_steps_few_periods_can_be_asked_about():
    today = date(2026, 11, 18)
    found = Counter(
        closed(Period(first, last), None, today)
        for last in (today - timedelta(days=n) for n in range(14))
        for first in (last - timedelta(days=n) for n in range(400))
    )
    lengths = defaultdict(set)
    for period in found:
        assert period.last < today
        assert (period.first.isoweekday(), period.last.isoweekday()) == (1, 7)
        lengths[period.days // 7].add(period.last)
    assert set(lengths) == {1, 4, 13, 52}
    assert all(len(ends) == 3 for ends in lengths.values())


# Columns of every kind.


def answer_of(columns, rows, **more):
    facts = {"question": "q", "title": "Q", "product": "p", "origin": Origin.PRODUCTION,
             "period": Period(TODAY, TODAY), "step": None, "filters": {}, "notes": (),
             "asked_at": NOW}  # fmt: skip
    return Answer(columns=tuple(columns), rows=rows, **facts, **more)


def test_what_does_not_say_what_it_counts_is_withheld():
    columns = [
        Column("name", "Name", "text", dimension=True),
        Column("instances", "Instances", "count", counts="instances"),
        Column("n", "N", "count"),
        Column("median", "Median", "number"),
        Column("seen", "Seen", "date"),
        Column("over", "Over", "number", over="instances"),
        Column("words", "Words", "text", over="instances"),
        Column("odd", "Odd", "boolean"),
    ]
    row = ("a", 200, 200, 7.123, TODAY, 7.123, "in words", True)
    assert suppressed(answer_of(columns, [row]), rules()).rows[0][2:] == (
        None, None, None, 7.1, None, None,
    )  # fmt: skip


def test_items_alone_say_nothing_of_how_many_sent_them():
    columns = [
        Column("name", "N", "text", dimension=True),
        Column("i", "I", "count", counts="items"),
    ]
    assert suppressed(answer_of(columns, [("a", 5_000)]), rules()).rows == []


def test_events_of_few_instances_are_withheld_however_many():
    columns = [
        Column("name", "N", "text", dimension=True),
        Column("instances", "Instances", "count", counts="instances"),
        Column("items", "I", "count", counts="items"),
        Column("share", "S", "share", part="items"),
    ]
    rows = [("many", 9, 90_000, 0.9), ("few", 500, 10_000, 0.1)]
    (shown,) = suppressed(answer_of(columns, rows), rules()).rows
    assert shown[0] == "few"
    assert shown[3] == 0.1


def test_few_organizations_hide_many_instances():
    columns = [
        Column("name", "N", "text", dimension=True),
        Column("organizations", "O", "count", counts="organizations"),
        Column("instances", "I", "count", counts="instances"),
    ]
    shown = suppressed(answer_of(columns, [("a", 4, 900), ("b", 30, 900)]), rules()).rows
    assert [row[0] for row in shown] == ["b"]


def test_what_tells_of_single_ones_is_refused():
    with pytest.raises(QuestionError, match="raw access"):
        suppressed(answer_of([], [], raw=True), rules())


def test_the_order_tells_no_more_than_the_numbers():
    columns = [
        Column("name", "N", "text", dimension=True),
        Column("instances", "I", "count", counts="instances"),
    ]
    rows = [(name, 100 - n) for n, name in enumerate("hgfedcba")]
    shown = suppressed(answer_of(columns, rows), rules()).rows
    assert shown == sorted(shown, key=lambda row: (-row[1], row[0]))
