"""Which layout of tables a file has. An older one is adopted, a newer one is refused."""

from duckdb import DuckDBPyConnection

from glasshouse.store.port import StoreUnavailableError

# Raised whenever the store's own tables change; `opening.py` then moves the data of older files.
LAYOUT = 4  # 1 kept no first days, 2 no memberships, 3 no version before each first day


def read_layout(connection: DuckDBPyConnection) -> int:
    """The layout of a file; 0 without a mark: it is new, or from before there were marks.

    Raises `StoreUnavailableError` for one that this version does not know.
    """
    connection.execute("create schema if not exists store")
    connection.execute("create table if not exists store.layout (number integer not null)")
    found = connection.execute("select number from store.layout").fetchone()
    layout = int(found[0]) if found else 0
    if layout > LAYOUT:
        raise StoreUnavailableError(
            f"its tables have layout {layout}, this version of Glasshouse reads layout "
            f"{LAYOUT}; use the version that made it, or another data directory"
        )
    return layout


def write_layout(connection: DuckDBPyConnection) -> None:
    """The file has the tables of this version."""
    connection.execute("delete from store.layout")
    connection.execute("insert into store.layout values (?)", (LAYOUT,))
