"""A transaction of the one connection that writes, and what of its failures is the machine's."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
from duckdb import DuckDBPyConnection

from glasshouse.store.port import StoreUnavailableError

# The engine or the machine failed; what is on disk is sound.
FAILURES = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
    duckdb.ConnectionException,
)


@contextmanager
def failures() -> Iterator[None]:
    """Raises `StoreUnavailableError` where the engine or the machine failed."""
    try:
        yield
    except FAILURES as error:
        raise StoreUnavailableError(str(error)) from error


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """Commits what the body does, or nothing of it."""
    with failures():
        connection.execute("begin transaction")
        try:
            yield
            connection.execute("commit")
        except BaseException:
            _roll_back(connection)
            raise


def _roll_back(connection: DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # a failed commit has rolled back already, a dead handle cannot
        connection.execute("rollback")
