"""The database of people where several processes have it: every change goes through the log.

A change is tried on this process' copy and taken back; what it did is published and then made, as
everywhere else. If others were first, it is tried again: as long as it sees the same, it is the
same change.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from glasshouse.people.database import SCHEMA, Database
from glasshouse.replication import Change, ConflictError, Replica, Statement

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a change, what it answered, and whether it changed anything."""

    sql: str
    rows: list[list[Any]]
    answer: Rows
    changed: bool


class SharedDatabase(Database):
    """See `Database`. Reads do not wait for changes: they see what is whole."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._writing = replica.copy.connection
        self._reading_lock = threading.Lock()
        path = replica.copy.connection.execute("pragma database_list").fetchone()[2]
        self._reading = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._reading.execute("pragma query_only = on")
        self._steps: list[Step] | None = None  # of the change that is made; the lock is held
        self.hold(SCHEMA)

    def rows(self, statement: str, values: Sequence[object] = ()) -> Rows:
        if self._is_mine():
            return self._step(statement, [list(values)])
        if statement.lstrip()[:6].lower() == "select":
            with self._reading_lock:
                return self._reading.execute(statement, values).fetchall()
        return self._changed(lambda: self._step(statement, [list(values)]))

    def fill(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        found = [list(row) for row in rows]
        if found:
            with self.change():
                self._step(statement, found)

    def hold(self, schema: str) -> None:
        with self.change():
            for statement in statements_of(schema):
                self._step(statement, [[]])

    @contextmanager
    def change(self) -> Iterator[None]:
        """Raises `ConflictError` if others changed meanwhile what the block has read."""
        if self._is_mine():
            yield
            return
        with self._replica.lock:
            self._replica.catch_up()
            with self._trial() as steps:
                yield
            while not self._is_published(steps):
                steps = self._repeated(steps)

    def scrub(self) -> None:
        """The log holds what was inserted; it begins anew without."""
        self._replica.compact()

    def close(self) -> None:
        """The copy itself belongs to the replica."""
        with self._reading_lock:
            self._reading.close()

    def _is_mine(self) -> bool:
        """Whether this thread is inside `change`: nobody else has the lock then."""
        if not self._replica.lock.acquire(blocking=False):
            return False
        try:
            return self._steps is not None
        finally:
            self._replica.lock.release()

    def _changed(self, work: Callable[[], Rows]) -> Rows:
        """A change of one statement, which may be made whatever others have changed."""
        with self._replica.lock:
            self._replica.catch_up()
            while True:
                with self._trial() as steps:
                    answer = work()
                if self._is_published(steps):
                    return answer

    @contextmanager
    def _trial(self) -> Iterator[list[Step]]:
        """What runs inside is taken back at the end."""
        steps: list[Step] = []
        self._writing.execute("begin immediate")
        self._steps = steps
        try:
            yield steps
        finally:
            self._steps = None
            self._writing.execute("rollback")

    def _is_published(self, steps: list[Step]) -> bool:
        changes: list[Change] = [Statement(step.sql, step.rows) for step in steps if step.changed]
        return not changes or self._replica.publish(changes)

    def _repeated(self, before: list[Step]) -> list[Step]:
        with self._trial() as steps:
            for step in before:
                self._step(step.sql, step.rows)
        if [step.answer for step in steps] != [step.answer for step in before]:
            raise ConflictError("somebody changed the same just now; try again")
        return steps

    def _step(self, sql: str, rows: list[list[Any]]) -> Rows:
        before = self._mark()
        answer: Rows = []
        if len(rows) == 1:
            answer = self._writing.execute(sql, rows[0]).fetchall()
        else:
            self._writing.executemany(sql, rows)
        assert self._steps is not None  # noqa: S101 (only called in a trial)
        self._steps.append(Step(sql, rows, answer, changed=self._mark() != before))
        return answer

    def _mark(self) -> tuple[int, int]:
        """Another one after a change of rows or of the schema."""
        schema = self._writing.execute("pragma schema_version").fetchone()[0]
        return self._writing.total_changes, schema


def statements_of(script: str) -> list[str]:
    """The statements of a script, one by one."""
    found, part = [], ""
    for piece in script.split(";"):
        part += f"{piece};"
        if sqlite3.complete_statement(part):
            if part.strip(" \n;"):
                found.append(part.strip())
            part = ""
    return found
