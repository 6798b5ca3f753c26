"""The file of people, sessions, tokens and the logs: SQLite, synced before it is believed."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAME = Path("people") / "people.sqlite"
SCHEMA = """
create table if not exists people (
    name text primary key, role text not null, raw integer not null, password text,
    made_at text not null
) without rowid;
create table if not exists links (
    hash text primary key, name text, role text not null, raw integer not null,
    kind text not null, until text not null
) without rowid;
create table if not exists identities (
    issuer text not null, subject text not null,
    person text not null references people on delete cascade,
    primary key (issuer, subject)
) without rowid;
create table if not exists sessions (
    hash text primary key, person text not null references people on delete cascade,
    made_at text not null, until text not null
) without rowid;
create table if not exists tokens (
    id text primary key, hash text not null unique,
    person text not null references people on delete cascade,
    title text not null, scopes text not null, made_at text not null, until text not null
) without rowid;
create table if not exists raw_reads (
    number integer primary key autoincrement, at text not null, who text not null,
    way text not null, what text not null, product text not null, why text not null
);
create table if not exists changes (
    number integer primary key autoincrement, at text not null, who text not null,
    way text not null, what text not null, about text not null, detail text not null
);
"""


class Database:
    """One connection for all threads, one statement or change at a time."""

    def __init__(self, data: Path | None) -> None:
        """`data` is the data directory; None keeps everything in memory."""
        if data is not None:
            (data / NAME).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        where = ":memory:" if data is None else str(data / NAME)
        self._connection = sqlite3.connect(where, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        for pragma in (
            "journal_mode = wal",
            "synchronous = full",  # a read that was answered is recorded, whatever happens next
            "foreign_keys = on",
            "secure_delete = on",
        ):
            self._connection.execute(f"pragma {pragma}")
        self._connection.executescript(SCHEMA)
        if data is not None:
            (data / NAME).chmod(0o600)

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement. What a change returns is on disk, unless inside `change`."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def fill(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement with the values of each row."""
        with self._lock:
            self._connection.executemany(statement, rows)

    def hold(self, schema: str) -> None:
        """Make tables that are not there yet."""
        with self._lock:
            self._connection.executescript(schema)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Several statements, all of them or none. A change within a change is a part of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def scrub(self) -> None:
        """Leave nothing of what was deleted, outside of this file either: it leaves nothing."""

    def close(self) -> None:
        with self._lock:
            self._connection.close()
