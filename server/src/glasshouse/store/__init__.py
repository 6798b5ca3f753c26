"""The store: tables that questions are asked of. A port with engines behind it."""

from pathlib import Path
from secrets import token_bytes

from glasshouse.store.engines.duckdb import DuckDBStore
from glasshouse.store.port import (
    ORGANIZATIONS,
    Applied,
    Batch,
    Erased,
    Erasure,
    KeyChange,
    KeyRun,
    KeyState,
    Portion,
    PortionRefusedError,
    QueryError,
    RefusalNote,
    RefusedItems,
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
    "ORGANIZATIONS",
    "Applied",
    "Batch",
    "Erased",
    "Erasure",
    "KeyChange",
    "KeyRun",
    "KeyState",
    "Portion",
    "PortionRefusedError",
    "QueryError",
    "RefusalNote",
    "RefusedItems",
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


def open_store(
    directory: Path,
    memory: str = "2GB",
    *,
    threads: int | None = None,
    erasure_key: bytes | None = None,
) -> Store:
    """Open the store in `directory` (DATA/store), made if missing. One process at a time.

    `memory` is the most that the engine may take, such as "2GB"; `threads` how many it may use,
    all of the machine's if None. `erasure_key` makes the hashes by which erased identities are
    known; without it they are known to this process alone.
    """
    return DuckDBStore(directory, memory, threads, erasure_key or token_bytes(32))
