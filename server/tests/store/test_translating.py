"""Queries of ours in ClickHouse's words: what golden answers do not show by themselves."""

from datetime import date, datetime
from importlib.resources import files

import duckdb
import pytest

from glasshouse.store import QueryError, open_store
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.dialect import OLD
from glasshouse.store.engines.clickhouse.translating import literal, translate

DATABASES = Databases("words")
VALUES = [
    "' or 1=1 --", "\\", "\\' or 1=1 --", "\x00", "🦀", "%", "{}", "{first: }",
    "$first", "a'b\"c`d",
    "\n\t\r", "/* */", "", 0, -7, 2**62, 0.1, 1e300, True, None,
    date(2026, 11, 10), datetime(2026, 11, 10, 12, 0, 0, 7),
]  # fmt: skip
ALIKE = [
    "select date_trunc('week', date '2026-11-18') as a, date_trunc($step, date '2026-11-18') as b",
    "select date_diff('week', date '2026-11-02', date '2026-11-16') as weeks",  # from Monday on
    "select date_diff('day', timestamp '2026-11-15 23:59:59', timestamp '2026-11-16 00:00:00') n",
    "select median(x) as m, quantile_cont(x, 0.9) as q from (select unnest(range(4)) as x) r",
    "select median(x) as m, max(x) as most, count(x) as n from (select 1 as x) r where x > 1",
    "select cast(cast(4 as double) as varchar) as a, cast(cast(0.25 as double) as varchar) as b, "
    "cast(7 as varchar) as c, cast(timestamp '2026-11-18 10:00:00.5' as varchar) as d",
    "select split_part('DE/BY', '/', 2) as a, nullif(split_part('DE/', '/', 2), '') as b",
    "select position(lower($text) in lower('grüße')) as place",
    "select lag(x) over (order by x) as before, lead(x) over (order by x) as after "
    "from (select unnest(range(3)) as x) r order by x",
    "select count(distinct x % 2) as n from (select unnest(range(9)) as x) r",
    "select bit_count(bit_or(cast(1 as hugeint) << cast(x as integer))) as days "
    "from (select unnest([3, 3, 90]) as x) r",
    "select a.x as a, b.x as b from (select unnest(range(3)) as x) a "
    "left join (select unnest(range(2)) as x) b on b.x = a.x order by a.x",
    "select timestamp '2026-11-18 10:00:00' + $days * interval 1 day as later",
    "with a as materialized (select 1 as x) select x from (select x from a union all select x + 1 "
    "from a) u order by x",
    "select strftime(timestamp '2026-11-18 10:00:00', '%Y-%m') as month",
]
GIVEN = {"step": "month", "text": "GRÜ", "days": 3}


@pytest.fixture(scope="module")
def store(chdb_home):
    made = open_store(chdb_home, address="chdb:///words")
    yield made
    made.close()


@pytest.mark.xdist_group("chdb")
def test_whatever_a_parameter_holds_is_only_a_value(store):
    for value in VALUES:
        found = store.rows("select $value as value", {"value": value})
        assert found.rows == [(value,)], value
        assert store.rows("select 1 as one where $value = $value or $value is null",
                          {"value": value}).rows == [(1,)]  # fmt: skip


@pytest.mark.xdist_group("chdb")
@pytest.mark.parametrize("text", ALIKE)
def test_it_says_what_the_embedded_store_says(store, text):
    given = {name: value for name, value in GIVEN.items() if f"${name}" in text}
    expected = duckdb.connect().execute(text, given)
    names = tuple(column[0] for column in expected.description)
    found = store.rows(text, given)
    assert found.columns == names
    assert found.rows == [
        tuple(each.date() if _is_midnight(each) else each for each in row)
        for row in expected.fetchall()
    ]


def _is_midnight(value):
    return isinstance(value, datetime) and value == datetime(value.year, value.month, value.day)


# What the embedded store keeps of journal and keys, and reads itself.
ITS_OWN = {"accounting", "fresh_keys", "key_runs", "position"}
WHOLE = [
    path.stem
    for path in sorted((files("glasshouse.store") / "queries").iterdir())
    if path.suffix == ".sql" and "{" not in path.read_text() and path.stem not in ITS_OWN
]
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 10)
OF_ALL = {"product": "acme", "origin": "production", "first": FIRST, "last": LAST, "limit": 10}


@pytest.mark.xdist_group("chdb")
@pytest.mark.parametrize("name", WHOLE)
def test_a_query_of_nothing_answers_as_the_embedded_store_does(store, tmp_path, name):
    embedded = open_store(tmp_path)
    text = (files("glasshouse.store") / "queries" / f"{name}.sql").read_text()
    given = {key: value for key, value in (OF_ALL | {"instance": "x"}).items() if f"${key}" in text}
    expected = embedded.rows(name, given)
    embedded.close()
    found = store.rows(name, given)
    assert (found.columns, found.rows) == (expected.columns, expected.rows)


def test_a_parameter_that_is_not_given_is_named():
    with pytest.raises(QueryError, match=r"no value for the parameter \$first"):
        translate("select $first", {}, DATABASES)
    with pytest.raises(QueryError, match="type list"):
        translate("select $first", {"first": [1]}, DATABASES)


def test_what_is_no_query_is_refused():
    with pytest.raises(QueryError):
        translate("select from where", {}, DATABASES)
    with pytest.raises(QueryError, match="NUL"):
        translate("select '\x00'", {}, DATABASES)


def test_the_store_is_in_the_database_of_its_installation():
    text = 'select s.a from store.instances s join "words_forge"."event.run" e on e.a = s.a'
    found = translate(text, {}, DATABASES)
    assert '"words_store".instances AS s' in found
    assert '"words_forge"."event.run" AS e' in found


def test_to_servers_of_2018_it_speaks_as_they_did():
    text = (
        "with a as (select $day as x), b as (select x from a) select date_trunc('week', x) from b"
    )
    found = translate(text, {"day": date(2026, 11, 10)}, DATABASES, OLD)
    assert "WITH" not in found
    assert "FROM (SELECT x FROM (SELECT CAST('2026-11-10', 'Date') AS x) AS a) AS b" in found
    assert "toMonday(x)" in found
    assert (
        literal(datetime(2026, 11, 10, 12, 0, 0, 7), OLD)
        == "CAST('2026-11-10 12:00:00', 'DateTime')"
    )
