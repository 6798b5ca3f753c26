"""Which layout of tables a file has. One that this version does not read is refused."""

from duckdb import DuckDBPyConnection

from glasshouse.store.port import StoreUnavailableError

# Raised whenever the store's own tables change; the version that does so also moves the data.
LAYOUT = 1


def check_layout(connection: DuckDBPyConnection) -> None:
    """Mark a file with its layout. Raises `StoreUnavailableError` for a file of another.

    A file without a mark is new, or from before there were marks and adopted already.
    """
    connection.execute("create schema if not exists store")
    connection.execute("create table if not exists store.layout (number integer not null)")
    found = connection.execute("select number from store.layout").fetchall()
    if not found:
        connection.execute("insert into store.layout values (?)", (LAYOUT,))
    elif found[0][0] != LAYOUT:
        raise StoreUnavailableError(
            f"its tables have layout {found[0][0]}, this version of Glasshouse reads layout "
            f"{LAYOUT}; use the version that made it, or another data directory"
        )
