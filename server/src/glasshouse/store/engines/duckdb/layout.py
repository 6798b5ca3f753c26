"""Which layout of tables a file has. One that this version does not read is refused."""

from duckdb import DuckDBPyConnection

from glasshouse.store.port import StoreUnavailableError

# Raised whenever the store's own tables change; the version that does so also moves the data.
LAYOUT = 1

FOUND = """
select (select count(*) from duckdb_tables() where schema_name = 'store'),
       (select count(*) from duckdb_tables() where schema_name = 'store' and table_name = 'layout')
"""


def check_layout(connection: DuckDBPyConnection) -> None:
    """Mark a new file with its layout. Raises `StoreUnavailableError` for a file of another."""
    ((tables, marked),) = connection.execute(FOUND).fetchall()
    if not tables:
        connection.execute("create schema if not exists store")
        connection.execute("create table store.layout as select ? as number", (LAYOUT,))
        return
    number = connection.execute("select number from store.layout").fetchall()[0][0] if marked else 0
    if number != LAYOUT:
        raise StoreUnavailableError(
            f"its tables have layout {number}, this version of Glasshouse reads layout {LAYOUT}; "
            "use the version that made it, or another data directory"
        )
