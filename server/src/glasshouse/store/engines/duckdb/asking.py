"""What a person's query may do: read tables and views, for a bounded time. Nothing else.

Three fences, each enough for most: the database cannot reach files (but the loader's own
directory) nor change its settings; the transaction is read-only; and the statement, parsed by the
engine itself, must be one SELECT that calls no table function but harmless ones.
"""

import json
import threading
from collections.abc import Iterator
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from glasshouse.store.port import QueryError, Rows

TABLE_FUNCTIONS = frozenset(("range", "generate_series", "unnest", "generate_subscripts"))
FORBIDDEN_SCHEMAS = frozenset(("information_schema", "pg_catalog"))


def ask(connection: DuckDBPyConnection, text: str, limit: int, seconds: float) -> Rows:
    """Answer a person's query on a cursor of its own. Raises `QueryError`."""
    check_query(connection, text)
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        connection.execute("begin transaction read only")
        connection.execute(text)
        columns = tuple(column[0] for column in connection.description or ())
        rows = connection.fetchmany(limit + 1)
    except duckdb.InterruptException:
        raise QueryError(
            f"the query took longer than {seconds:g} s: ask for fewer days or fewer columns"
        ) from None
    except duckdb.FatalException:
        raise  # not the query's fault: the handle is gone
    except duckdb.Error as error:
        raise QueryError(str(error)) from None
    finally:
        timer.cancel()
    return Rows(columns, rows[:limit], cut=len(rows) > limit)


def check_query(connection: DuckDBPyConnection, text: str) -> None:
    """Raise `QueryError` unless the text is one SELECT over tables and views."""
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise QueryError(str(error)) from None
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        found = ", ".join(kinds) or "nothing"
        raise QueryError(f"found {found}, expected one SELECT: this surface only reads")
    row = connection.execute("select json_serialize_sql(?::varchar)", (text,)).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        raise QueryError(
            "found a statement that only looks like a query (such as DESCRIBE, SHOW or SUMMARIZE), "
            "expected a plain SELECT; docs/reference/views.md lists the columns"
        )
    for node in _nodes(tree):
        _check_node(node)


def _check_node(node: dict[str, Any]) -> None:
    if node.get("type") == "TABLE_FUNCTION":
        name = str(node["function"].get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            raise QueryError(f"found the function {name}(), expected tables and views to read from")
    if node.get("type") == "SHOW_REF":
        raise QueryError("found SHOW or DESCRIBE, expected a plain SELECT")
    if node.get("type") == "BASE_TABLE" and _schema(node) in FORBIDDEN_SCHEMAS:
        raise QueryError("found a table of the engine's own, expected the documented views")


def _schema(node: dict[str, Any]) -> str:
    return str(node.get("schema_name", "")).lower()


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)
