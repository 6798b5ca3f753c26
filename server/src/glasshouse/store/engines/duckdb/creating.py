"""A new database file: there whole, or not there.

DuckDB writes a new file's headers in place. A process that dies between two of those writes leaves
a file that is no database and that no later start can open; so it is made under another name.
"""

import os
from pathlib import Path

import duckdb


def create_file(path: Path) -> None:
    """Make an empty database at `path` unless something is there. Durable when it returns."""
    if path.exists():
        return
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.with_name(unfinished.name + ".wal").unlink(missing_ok=True)
    duckdb.connect(unfinished).close()
    _sync(unfinished)
    unfinished.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
