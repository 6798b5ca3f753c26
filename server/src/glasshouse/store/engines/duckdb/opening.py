"""Opening the database file: made whole if it is new, locked down, with the store's own tables.

DuckDB writes a new file's headers in place. A process that dies between two of those writes leaves
a file that is no database and that no later start can open; so it is made under another name.
"""

from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from glasshouse.durability import sync_path
from glasshouse.store.engines.duckdb import erasing, first_days, memberships
from glasshouse.store.engines.duckdb.layout import LAYOUT, read_layout, write_layout
from glasshouse.store.engines.duckdb.periods import TABLES as PERIOD_TABLES
from glasshouse.store.engines.duckdb.tables import (
    OWN_TABLES,
    adopt_former_tables,
    read_tables,
)

FILE = "glasshouse.duckdb"


def connect(directory: Path, loading: Path, memory: str, threads: int | None) -> DuckDBPyConnection:
    """The file in `directory`, made if missing, to which a query can add nothing from outside.

    Only `loading` may be read from; `memory` is such as "2GB"; None takes a thread a core.
    """
    create_file(directory / FILE)
    connection = duckdb.connect(
        directory / FILE,
        config={
            "memory_limit": memory,
            "temp_directory": str(directory / "spill"),
            "python_enable_replacements": False,  # else a query could name a Python variable
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
            "checkpoint_threshold": "128MB",
            **({"threads": threads} if threads else {}),
        },
    )
    connection.execute("set allowed_directories = [?]", (str(loading.resolve()),))
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def prepare_tables(connection: DuckDBPyConnection) -> None:
    """The store's own tables, made if they are not there."""
    adopt_former_tables(connection)
    layout = read_layout(connection)
    connection.execute(OWN_TABLES)
    connection.execute(PERIOD_TABLES)
    connection.execute(first_days.TABLE)
    connection.execute(memberships.TABLE)
    connection.execute(erasing.TABLES)
    if layout < LAYOUT:
        first_days.derive_all(connection)
        if layout < 3:
            memberships.derive_all(connection, read_tables(connection).values())
        write_layout(connection)
    connection.execute(
        "insert into store.position select 0, 0 where not exists (from store.position)"
    )


def create_file(path: Path) -> None:
    """Make an empty database at `path` unless something is there. Durable when it returns."""
    if path.exists():
        return
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.with_name(unfinished.name + ".wal").unlink(missing_ok=True)
    duckdb.connect(unfinished).close()
    sync_path(unfinished)
    unfinished.replace(path)
    sync_path(path.parent)
