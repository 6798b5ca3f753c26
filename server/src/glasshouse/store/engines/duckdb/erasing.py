"""Taking items out of the store, with all that was derived from them.

Rows and derived facts are gone for every reader when the transaction commits. Their bytes stay in
the file until it is rewritten, which is another step.
"""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.quoting import identifier
from glasshouse.store.engines.duckdb.tables import ItemTable


def erase_origin(
    connection: DuckDBPyConnection, tables: Sequence[ItemTable], product: str, origin: str
) -> int:
    """Remove a product's items of one origin. The accounting stays: the items were received."""
    items = 0
    for table in tables:
        deleted = connection.execute(
            f"delete from {table.name} where origin = ?",
            (origin,),
        ).fetchone()
        items += int(deleted[0]) if deleted else 0
    for derived in ("store.instance_days", "store.instances"):
        connection.execute(
            f"delete from {derived} where product = ? and origin = ?",
            (product, origin),
        )
    _forget_identities(connection, tables, product)
    return items


def _forget_identities(
    connection: DuckDBPyConnection, tables: Sequence[ItemTable], product: str
) -> None:
    """Ids that no row refers to any more are not ours to keep."""
    used = " union ".join(
        f"select {identifier(column)} as surrogate from {table.name}"
        for table in tables
        for column in ("instance", *table.identities)
    )
    kept = "select instance as surrogate from store.instances" + (f" union {used}" if used else "")
    connection.execute(
        f"delete from store.identities where product = ? and surrogate not in "
        f"(select surrogate from ({kept}) where surrogate is not null)",
        (product,),
    )
