"""The writing end of the spool: one line, one write, on disk when `append` returns.

    append   shared lock, look for the seal's mark, O_APPEND write, unlock
    seal     lock alone, mark, rename (`claims.seal`)

Nothing here waits: where the lock is held by a sealer, the process writes to a file of its own.
No fsync: a crash of the process loses nothing, a power cut may lose the last seconds.
"""

from __future__ import annotations

import os
import time
from _thread import RLock  # `threading` would cost the host a millisecond for the same lock

from glasshouse_sdk import locks
from glasshouse_sdk.claims import OPEN, drop_over_bounds, seal
from glasshouse_sdk.locks import HAS_LOCKS
from glasshouse_sdk.state import State
from glasshouse_sdk.tallies import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SEGMENT = 131_072  # bytes after which a file is sealed: one claim, one request
OWNER_MAY_WRITE = 0o200
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT

if HAS_LOCKS:
    from glasshouse_sdk.locks import SHARED, UNLOCK
    from glasshouse_sdk.locks import lock as _lock
_write, _facts = os.write, os.fstat

_forks = 0  # how many forks lie between this process and the first import


def _note_fork() -> None:
    global _forks  # noqa: PLW0603 — a fact about this process, set where the process is made
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


class TurnedOffError(Exception):
    """The telemetry was refused since the spool was opened."""


class Spool:
    """Appends lines of one stream. `allowed` is asked again whenever a file is opened."""

    __slots__ = ("_allowed", "_depth", "_descriptor", "_fork", "_lock", "_state", "_stream")

    def __init__(self, state: State, stream: str, allowed: Callable[[], bool]) -> None:
        self._state = state
        self._stream = stream
        self._allowed = allowed
        self._descriptor = -1
        self._lock = RLock()
        self._fork = _forks
        self._depth = 0

    def append(self, line: bytes) -> None:
        """Write one line. Raises `OSError`, or `TurnedOffError` if it may not be written."""
        if self._fork != _forks:
            self._start_anew_in_child()
        with self._lock:
            self._depth += 1  # a signal handler that records meets its own thread in here
            try:
                size = self._write_at_once(line) or self._write(line)
                if size > SEGMENT and self._depth == 1:
                    self._rotate()
            finally:
                self._depth -= 1

    def _write_at_once(self, line: bytes) -> int:
        """The usual case of `_write`, in as few calls as it takes; 0 if it is another one."""
        descriptor = self._descriptor
        if descriptor < 0 or self._depth > 1 or not HAS_LOCKS:
            return 0
        try:
            _lock(descriptor, SHARED)
        except BlockingIOError:
            return 0
        try:
            facts = _facts(descriptor)
            if not facts.st_mode & OWNER_MAY_WRITE:
                return 0
            size = facts.st_size + len(line)
            if _write(descriptor, line) != len(line):
                _write(descriptor, b"\n")  # a full disk: so that the next line stands alone
            return size
        finally:
            _lock(descriptor, UNLOCK)

    def _write(self, line: bytes) -> int:
        """Write under the shared lock: how large the file then is."""
        try:
            for _ in range(3):
                if self._descriptor < 0:
                    self._open(self._shared_path)
                if not locks.try_shared(self._descriptor):
                    self._open(self._own_path)
                    continue
                facts = os.fstat(self._descriptor)
                if facts.st_mode & OWNER_MAY_WRITE:
                    if os.write(self._descriptor, line) != len(line):
                        os.write(self._descriptor, b"\n")  # as above
                    return facts.st_size + len(line)
                self._close()  # sealed or refused in the meantime
            raise OSError("found the spool sealed again and again; expected a file to write to")
        finally:
            if self._descriptor >= 0:
                if self._depth == 1:
                    locks.unlock(self._descriptor)
                if not locks.HAS_LOCKS:
                    self._close()  # Windows: an open file could not be renamed by the sender

    @property
    def _shared_path(self) -> str:
        return os.path.join(self._state.spool, self._stream + OPEN)

    @property
    def _own_path(self) -> str:
        return os.path.join(self._state.spool, f"{self._stream}~{os.getpid()}{OPEN}")

    def _open(self, path: str) -> None:
        self._close()
        try:
            self._descriptor = os.open(path, FLAGS, 0o600)
        except FileNotFoundError:
            self._state.make()
            self._descriptor = os.open(path, FLAGS, 0o600)
        except PermissionError:
            seal(self._state, path, time.time_ns())  # marked by a sealer that died
            self._descriptor = os.open(path, FLAGS, 0o600)
        if not os.fstat(self._descriptor).st_mode & OWNER_MAY_WRITE:  # the same, as root
            seal(self._state, path, time.time_ns())
            self._close()
            self._descriptor = os.open(path, FLAGS, 0o600)
        # Asked after opening: a refusal either is seen here, or comes later and finds this file.
        if not self._allowed():
            self._close()
            raise TurnedOffError

    def _close(self) -> None:
        # Forgotten before it is closed: a signal handler that records may run between the two.
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _rotate(self) -> None:
        self._close()
        now = time.time_ns()
        for path in (self._shared_path, self._own_path):
            seal(self._state, path, now)
        dropped = drop_over_bounds(self._state, now)
        if dropped:
            count(self._state, "dropped", dropped)

    def _start_anew_in_child(self) -> None:
        # The lock may be held by a thread that does not exist here, and a file lock on the
        # inherited descriptor would be the parent's too.
        self._lock = RLock()
        self._depth = 0
        self._fork = _forks
        self._close()
