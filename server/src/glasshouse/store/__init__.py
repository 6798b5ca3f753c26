"""The store: tables that questions are asked of. A port with engines behind it."""

from importlib import import_module
from pathlib import Path
from secrets import token_bytes
from types import ModuleType

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
    "check_address",
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
        store: Store = _clickhouse().open_clickhouse(directory, address, memory, key, partition)
        return store
    return DuckDBStore(directory, memory, threads, key)


def check_address(address: str) -> None:
    """Raises `ValueError` for an address that no store can be at, or for want of its libraries."""
    try:
        _clickhouse().parse_address(address)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"found no Python package '{error.name}'; install the extra: glasshouse[cluster]"
        ) from None


def _clickhouse() -> ModuleType:
    """Its libraries are there only where the extra `cluster` is installed."""
    return import_module("glasshouse.store.engines.clickhouse")
