"""A new file in place of the old one: the only way to be rid of the bytes of what was deleted.

DELETE, CHECKPOINT and VACUUM leave them in the file; copying the database into a new file does not.

    copy        into the loader's scratch directory, which is the one place the engine may write to
    sync        the copy and its directory
    close       every handle: readers are waited for, new ones wait
    rename      the copy over the file, sync the directory, open

A crash before the rename leaves the old file, and the copy is thrown away at the next start.
"""

from pathlib import Path

from duckdb import DuckDBPyConnection

from glasshouse.durability import sync_path
from glasshouse.store.engines.duckdb.quoting import literal

COPY = "copy.duckdb"


def write_copy(connection: DuckDBPyConnection, scratch: Path) -> Path:
    """A synced copy of the database, in one file in `scratch`."""
    path = scratch / COPY
    clear_copies(scratch)
    row = connection.execute("select current_database()").fetchone()
    database = row[0] if row else "glasshouse"
    connection.execute(f"attach {literal(str(path.resolve()))} as copied")
    try:
        connection.execute(f"copy from database {database} to copied")
        connection.execute("checkpoint copied")
    finally:
        connection.execute("detach copied")
    for written in (path, scratch):
        sync_path(written)
    return path


def clear_copies(scratch: Path) -> None:
    for left in scratch.glob(f"{COPY}*"):
        left.unlink()


def put_in_place(copy: Path, file: Path) -> None:
    """The copy takes the place of a file that nobody has open.

    Raises `OSError` if the file was not closed whole: with its log gone it would lose commits, and
    with the copy in its place the log would belong to another file.
    """
    log = file.with_name(file.name + ".wal")
    if log.exists():
        raise OSError(f"found {log}, expected none beside a closed file; the file stays as it is")
    copy.replace(file)
    sync_path(file.parent)
