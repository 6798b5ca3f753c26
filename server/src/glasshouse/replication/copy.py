"""A process' own copy of the state: files in a directory, and a SQLite database.

It is made anew at every start and never synced: what counts is the log.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from glasshouse.replication.entries import Change, File, Statement

DATABASE = "state.sqlite"
PORTION_BYTES = 256 * 1024  # of a snapshot's entries
PORTION_ROWS = 500
SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z")


class Copy:
    """Not locked: its owner sees to it that one thread at a time uses it."""

    def __init__(self, directory: Path) -> None:
        """`directory` is the copy's alone: what an earlier one left there is deleted."""
        self.directory = directory
        self._paths: set[str] = set()
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True, mode=0o700)
        self.connection = sqlite3.connect(
            directory / DATABASE, isolation_level=None, check_same_thread=False
        )
        (directory / DATABASE).chmod(0o600)
        for pragma in (
            "journal_mode = wal",  # readers have a connection of their own, and see what is whole
            "synchronous = off",
            "foreign_keys = on",
            "secure_delete = on",
        ):
            self.connection.execute(f"pragma {pragma}")

    def file(self, path: str) -> Path:
        if not SAFE.match(path):
            raise ValueError(f"found the path '{path[:80]}', expected names between slashes")
        return self.directory / path

    def apply(self, changes: Sequence[Change]) -> list[str]:
        """All of the changes, or none of the statements. The paths of the files among them."""
        statements = [change for change in changes if isinstance(change, Statement)]
        if self.connection.in_transaction:  # the state is made anew
            self._run(statements)
        elif statements:
            self.connection.execute("begin immediate")
            try:
                self._run(statements)
            except BaseException:
                self.connection.execute("rollback")
                raise
            self.connection.execute("commit")
        return self.write(changes)

    def _run(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if len(statement.rows) == 1:
                self.connection.execute(statement.sql, statement.rows[0]).fetchall()
            else:
                self.connection.executemany(statement.sql, statement.rows)

    def write(self, changes: Sequence[Change]) -> list[str]:
        """The files among the changes, alone."""
        files = [change for change in changes if isinstance(change, File)]
        for file in files:
            self._write(file)
        return [file.path for file in files]

    def begin_anew(self) -> None:
        """Forget everything, as at the start. Readers see it when `end_anew` was called."""
        for path in self._paths:
            self.file(path).unlink(missing_ok=True)
        self._paths.clear()
        # A snapshot's rows may come before those that they refer to.
        self.connection.execute("pragma foreign_keys = off")
        self.connection.execute("begin immediate")
        for (table,) in self.connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        ).fetchall():
            self.connection.execute(f"drop table {_quoted(table)}")

    def end_anew(self, *, whole: bool = True) -> None:
        if self.connection.in_transaction:
            self.connection.execute("commit" if whole else "rollback")
        self.connection.execute("pragma foreign_keys = on")

    def snapshot(self) -> Iterator[list[Change]]:
        """Changes that make this state from nothing. The same on every copy of it."""
        for path in sorted(self._paths):
            yield from _portions_of_file(path, self.file(path).read_bytes())
        tables = self.connection.execute(
            "select name, sql from sqlite_master where type = 'table' and name not like 'sqlite_%' "
            "order by name"
        ).fetchall()
        others = self.connection.execute(
            "select sql from sqlite_master where type <> 'table' and sql is not null order by name"
        ).fetchall()
        for sql in [sql for _, sql in tables] + [sql for (sql,) in others]:
            yield [Statement(sql, [[]])]
        for name, _ in tables:
            yield from self._portions_of_table(name)
        numbers = self._sequences()
        if numbers:
            yield [
                Statement("delete from sqlite_sequence", [[]]),
                Statement("insert into sqlite_sequence values (?, ?)", numbers),
            ]

    def _portions_of_table(self, name: str) -> Iterator[list[Change]]:
        columns = self.connection.execute(f"pragma table_info({_quoted(name)})").fetchall()
        keys = [column[1] for column in sorted(columns, key=lambda column: column[5]) if column[5]]
        order = ", ".join(map(_quoted, keys)) or "rowid"
        marks = ", ".join("?" * len(columns))
        sql = f"insert into {_quoted(name)} values ({marks})"  # noqa: S608 (a name of ours, quoted)
        found = self.connection.execute(f"select * from {_quoted(name)} order by {order}")  # noqa: S608
        while rows := found.fetchmany(PORTION_ROWS):
            yield [Statement(sql, [list(row) for row in rows])]

    def _sequences(self) -> list[list[object]]:
        """The last number of each table that numbers its rows, or a number would come again."""
        has_any = self.connection.execute(
            "select 1 from sqlite_master where name = 'sqlite_sequence'"
        ).fetchone()
        if has_any is None:
            return []
        found = self.connection.execute("select name, seq from sqlite_sequence order by name")
        return [list(row) for row in found]

    def close(self) -> None:
        self.connection.close()

    def _write(self, file: File) -> None:
        path = self.file(file.path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._paths.add(file.path)
        if file.offset == 0:
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(file.data)
            temporary.chmod(0o600)
            temporary.replace(path)
            return
        with path.open("r+b") as old:
            old.seek(file.offset)
            old.write(file.data)
            old.truncate()


def _portions_of_file(path: str, data: bytes) -> Iterator[list[Change]]:
    for offset in range(0, max(1, len(data)), PORTION_BYTES):
        yield [File(path, data[offset : offset + PORTION_BYTES], offset)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
