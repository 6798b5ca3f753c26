"""The store: tables that questions are asked of. A port with engines behind it."""

from pathlib import Path

from glasshouse.store.engines.duckdb import DuckDBStore
from glasshouse.store.port import (
    Applied,
    Batch,
    KeyChange,
    KeyRun,
    KeyState,
    Portion,
    PortionRefusedError,
    QueryError,
    RefusalNote,
    Rows,
    SchemaError,
    Store,
    StoreError,
    StoreUnavailableError,
    Tally,
    Watch,
    unwatched,
)

__all__ = [
    "Applied",
    "Batch",
    "KeyChange",
    "KeyRun",
    "KeyState",
    "Portion",
    "PortionRefusedError",
    "QueryError",
    "RefusalNote",
    "Rows",
    "SchemaError",
    "Store",
    "StoreError",
    "StoreUnavailableError",
    "Tally",
    "Watch",
    "open_store",
    "unwatched",
]


def open_store(directory: Path, memory: str = "2GB") -> Store:
    """Open the store in `directory` (DATA/store), made if missing. One process at a time.

    `memory` is the most that the engine may take, such as "2GB".
    """
    return DuckDBStore(directory, memory)
