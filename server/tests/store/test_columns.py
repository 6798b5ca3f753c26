"""A table follows newer declarations and keeps its rows, in DuckDB itself."""

import duckdb
import pytest

from glasshouse.store import SchemaError
from glasshouse.store.column_types import ColumnType, Struct, widened
from glasshouse.store.engines.duckdb.columns import additions, stored_type


def follow(old: Struct, new: Struct, value: str) -> tuple[Struct, object]:
    """The type and the first row of a table made for `old`, after it has followed `new`."""
    connection = duckdb.connect()
    connection.execute(f"create table t (fields {old})")
    connection.execute(f"insert into t values ({value}::{old})")
    target = widened(old, new, "snapshot.host")
    added = additions(old, target, "fields")
    if added is None:
        connection.execute(f"alter table t alter fields set data type {target}")
    else:
        for path, type_ in added:
            connection.execute(f"alter table t add column {path} {type_}")
    relation = connection.sql("select fields from t")
    found = stored_type(relation.dtypes[0])
    assert isinstance(found, Struct)
    return found, relation.fetchall()[0][0]


def group(**members: ColumnType) -> Struct:
    return Struct(members, repeated=True)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ({"a": "BIGINT"}, {"a": "BIGINT", "b": "VARCHAR"}, "{'a': 1}", {"a": 1, "b": None}),
        ({"a": "BIGINT"}, {"b": "BIGINT[]"}, "{'a': 1}", {"a": 1, "b": None}),
        (
            {"g": group(a="BIGINT")},
            {"g": group(a="BIGINT", b="MAP(VARCHAR, BIGINT)")},
            "{'g': [{'a': 1}]}",
            {"g": [{"a": 1, "b": None}]},
        ),
        (
            {"g": group(h=group(a="BIGINT"))},
            {"g": group(h=group(b="DOUBLE"))},
            "{'g': [{'h': [{'a': 1}]}]}",
            {"g": [{"h": [{"a": 1, "b": None}]}]},
        ),
        ({"a": "BIGINT"}, {"a": "VARCHAR"}, "{'a': 1}", {"a": "1"}),
        ({"a": "VARCHAR"}, {"a": "BIGINT"}, "{'a': 'x'}", {"a": "x"}),
        ({"a": "BIGINT"}, {"a": "DOUBLE"}, "{'a': 1}", {"a": 1.0}),
    ],
)
def test_follows(
    old: dict[str, ColumnType], new: dict[str, ColumnType], before: str, after: object
) -> None:
    found, row = follow(Struct(old), Struct(new), before)
    assert found == widened(Struct(old), Struct(new), "x")
    assert row == after


@pytest.mark.parametrize(
    "new", [{"A": "BIGINT"}, {"a": "BOOLEAN"}, {"a": group(b="BIGINT")}, {"a": "BIGINT[]"}]
)
def test_what_no_table_can_follow_is_refused(new: dict[str, ColumnType]) -> None:
    with pytest.raises(SchemaError):
        widened(Struct({"a": "BIGINT"}), Struct(new), "snapshot.host")
