"""A renamed field's column: the rows of every name it had, under the one that it has."""

import duckdb
import pytest
from parcels import PRODUCT, RUN, manifest

from glasshouse.store.engines.duckdb.tables import ItemTable, ensure_table, fields_sql
from glasshouse_sdk.manifest import parse_manifest

OTHER = 'kept = { type = "boolean", why = "w" }\n'


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


def ensured(connection, known: ItemTable | None, *fields: str) -> ItemTable:
    declared = parse_manifest(manifest("\n".join(fields)))
    return ensure_table(connection, PRODUCT, declared.items[RUN], known)


def insert(connection, table, fields):
    connection.execute(
        f"insert into {table.name} "
        '("at", received_at, instance, origin, door, doubtful_time, fields)'
        f" values (now(), now(), 1, 'production', 'native', false, {fields})"
    )


def stored(connection, table, name):
    rows = connection.execute(f"select fields.{name} from {table.name} order by rowid").fetchall()
    return [row[0] for row in rows]


def test_the_rows_go_along(connection):
    table = ensured(connection, None, OTHER, 'old = { type = "integer", why = "w" }')
    insert(connection, table, "{'kept': true, 'old': 1}")
    table = ensured(connection, table, OTHER, 'new = { type = "number", was = "old", why = "w" }')
    assert set(table.fields.members) == {"kept", "new"}
    assert stored(connection, table, "new") == [1.0]
    assert stored(connection, table, "kept") == [True]


def test_what_was_stored_under_both_names_becomes_one(connection):
    fields = ('old = { type = "integer", why = "w" }', 'new = { type = "integer", why = "w" }')
    table = ensured(connection, None, OTHER, *fields)
    insert(connection, table, "{'kept': true, 'old': 1, 'new': null}")
    insert(connection, table, "{'kept': null, 'old': null, 'new': 2}")
    insert(connection, table, "{'kept': false, 'old': 3, 'new': 4}")
    table = ensured(connection, table, OTHER, 'new = { type = "integer", was = "old", why = "w" }')
    assert set(table.fields.members) == {"kept", "new"}
    assert stored(connection, table, "new") == [1, 2, 4]
    assert stored(connection, table, "kept") == [True, None, False]


def test_a_name_that_nothing_was_stored_under_is_still_understood(connection):
    table = ensured(connection, None, OTHER)
    table = ensured(connection, table, OTHER, 'new = { type = "integer", was = "old", why = "w" }')
    assert set(table.lines.members) == {"kept", "new", "old"}
    packed = fields_sql(table, "t.f")
    line = "{'kept': true, 'new': null::bigint, 'old': 7}"
    assert connection.execute(f"select ({packed}).new from (select {line} as f) t").fetchone() == (
        7,
    )


def test_a_name_that_is_an_earlier_one_leads_nowhere(connection):
    table = ensured(connection, None, 'a = { type = "integer", why = "w" }')
    insert(connection, table, "{'a': 1}")
    table = ensured(connection, table, 'b = { type = "integer", was = "a", why = "w" }')
    table = ensured(connection, table, 'c = { type = "integer", was = ["a", "b"], why = "w" }')
    assert table.former == {"c": ("a", "b")}
    assert stored(connection, table, "c") == [1]


def test_groups_move_whole(connection):
    group = '{ type = "group", why = "w", fields = { n = { type = "integer", why = "w" } } }'
    table = ensured(connection, None, f"old = {group}")
    insert(connection, table, "{'old': [{'n': 1}, {'n': 2}]}")
    table = ensured(connection, table, "new = " + group.replace("why", 'was = "old", why', 1))
    assert stored(connection, table, "new") == [[{"n": 1}, {"n": 2}]]
