"""All that is held about one identity, row by row."""

from collections.abc import Iterator, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.quoting import identifier
from glasshouse.store.engines.duckdb.tables import ItemTable

ABOUT_INSTANCES = ("instances", "instance_days")
CHUNK = 1000


def held(
    connection: DuckDBPyConnection,
    tables: Sequence[ItemTable],
    product: str,
    kind: str,
    identity: str,
) -> Iterator[dict[str, Any]]:
    """An object per row: `table`, then its columns. Items first, then what is derived of them."""
    found = connection.execute(
        "select surrogate from store.identities where product = ? and kind = ? and id = ?",
        (product, kind, identity),
    ).fetchone()
    if found is None:
        return
    for table in tables:
        if kind == "instance" or kind in table.identities:
            query = f'from {table.view} where {identifier(kind)} = ? order by received_at, "at"'
            yield from _rows(connection, table.item, query, (identity,))
    if kind == "instance":
        for view in ABOUT_INSTANCES:
            query = f"from {view} where product = ? and instance = ?"
            yield from _rows(connection, view, query, (product, identity))


def _rows(
    connection: DuckDBPyConnection, table: str, query: str, values: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    connection.execute(f"select * {query}", values)
    columns = [column[0] for column in connection.description or ()]
    while rows := connection.fetchmany(CHUNK):
        for row in rows:
            yield {"table": table, **dict(zip(columns, row, strict=True))}
