"""A person's query reads tables and views, for a bounded time, and can do nothing else."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glasshouse.store import QueryError, Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "text",
    [
        "copy (select 1) to '/tmp/glasshouse-test.csv'",
        "attach '/tmp/glasshouse-test.duckdb' as other",
        "install httpfs",
        "load httpfs",
        "pragma database_list",
        "set memory_limit = '90GB'",
        "reset lock_configuration",
        "insert into store.position values (9, 9)",
        "delete from store.accounting",
        "update store.position set segment = 9",
        "create table t (a integer)",
        "create temp table t (a integer)",
        "drop view events",
        "checkpoint",
        "export database '/tmp/glasshouse-test'",
        "select 1; select 2",
        "select 1; drop view events",
        "",
        "-- nothing",
        "explain analyze select 1",
        "describe events",
        "show tables",
        "call pragma_version()",
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/passwd')",
        "select * from read_ndjson('/etc/passwd')",
        "select * from parquet_scan('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from '/etc/passwd'",
        "from '/etc/passwd'",
        "select (select content from read_text('/etc/passwd'))",
        "with a as (select * from read_text('/etc/passwd')) select * from a",
        "select * from duckdb_settings()",
        "select * from query('select 1')",
        "select * from information_schema.tables",
        "select * from store",
        "select getenv('HOME')",
        "select nonsense from events",
        "select * from range(",
    ],
)
def test_refused(store: Store, text: str) -> None:
    with pytest.raises(QueryError):
        store.sql(text)
    assert store.rows("select * from store.position").rows == [(0, 0)]


def test_the_loaders_own_directory_cannot_be_read(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "loading" / "x.ndjson"
    path.write_text('{"a":1}\n')
    for text in (f"select * from read_ndjson('{path}')", f"select * from '{path}'"):
        with pytest.raises(QueryError):
            store.sql(text)


def test_a_query_that_takes_too_long_is_ended(store: Store) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match="longer than"):
        store.sql("select count(*) from range(100000000000) a where a.range % 7 = 3", seconds=0.3)
    assert time.monotonic() - started < 20
    assert store.sql("select 1 as one").rows == [(1,)], "the next query is not hurt"


def test_a_long_answer_is_cut_and_says_so(store: Store) -> None:
    answer = store.sql("select range as n from range(10)", limit=3)
    assert (answer.columns, answer.rows, answer.cut) == (("n",), [(0,), (1,), (2,)], True)
    assert not store.sql("select range from range(3)", limit=3).cut


def test_the_documented_views_are_there_before_anything_is_loaded(store: Store) -> None:
    for view in ("events", "snapshots", "instances", "instance_days"):
        assert store.sql(f"select * from {view}").rows == []


def test_window_functions_unnest_and_ctes_are_allowed(store: Store) -> None:
    text = (
        "with n as (select unnest([1, 2, 3]) as x) "
        "select x, sum(x) over (order by x) from n order by x"
    )
    assert store.sql(text).rows == [(1, 1), (2, 3), (3, 6)]
