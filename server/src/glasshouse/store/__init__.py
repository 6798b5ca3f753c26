"""The store: tables that questions are asked of. A port with engines behind it."""

from pathlib import Path
from secrets import token_bytes

from glasshouse.store.engines.duckdb import DuckDBStore
from glasshouse.store.port import (
    ORGANIZATIONS,
    Applied,
    Batch,
    Counted,
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
    "Counted",
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
    address: str = "",
    partition: int = 0,
) -> Store:
    """Open the store in `directory` (DATA/store), made if missing. One process at a time.

    `memory` is the most that the engine may take, such as "2GB"; `threads` how many it may use,
    all of the machine's if None. `erasure_key` makes the hashes by which erased identities are
    known; without it they are known to this process alone.

    With an `address` (clickhouse://user:password@host:9000/database?cluster=name) the store is
    there, for as many processes as like, which must share the erasure key; positions and batches
    are of the journal's `partition`.
    """
    key = erasure_key or token_bytes(32)
    if address:
        # Its libraries are there only where the extra `cluster` is installed.
        from glasshouse.store.engines.clickhouse import open_clickhouse

        return open_clickhouse(directory, address, memory, key, partition)
    return DuckDBStore(directory, memory, threads, key)
