"""The writing end of the spool: one line, one write, in the kernel's hands when `append` returns.

    append   O_APPEND write, then look where the write ended
    seal     an odd byte at the end, then rename (`claims.seal`)

Every line has an even length, so a file's length is even until a sealer adds its mark of one byte.
A write that ends at an odd place came after the mark: that line does not count (readers stop at the
mark), and it is written again elsewhere. So no writer takes a lock, and nothing here waits.
No fsync: a crash of the process loses nothing, a power cut may lose the last seconds.
"""

from __future__ import annotations

import errno
import os
import time
from _thread import RLock  # `threading` would cost the host a millisecond for the same lock

from glasshouse_sdk.claims import OPEN, drop_over_bounds, is_marked, seal
from glasshouse_sdk.locks import HAS_LOCKS
from glasshouse_sdk.state import State
from glasshouse_sdk.tallies import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SEGMENT = 131_072  # bytes after which a file is sealed: one claim, one request
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT
HERE = os.SEEK_CUR
FRESH = 5  # files of its own that a writer tries before it gives up

_write, _seek = os.write, os.lseek

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
        """Write one line, of even length and with its end.

        Raises `OSError`, or `TurnedOffError` if it may not be written.
        """
        if self._fork != _forks:
            self._start_anew_in_child()
        with self._lock:
            self._depth += 1
            try:
                # A signal handler that records meets its own thread in here, with this descriptor
                # anywhere between write and look; it keeps off it.
                if self._depth > 1:
                    self._append_apart(line)
                    return
                descriptor = self._descriptor
                if descriptor >= 0 and _write(descriptor, line) == len(line):
                    size = _seek(descriptor, 0, HERE)
                    if size & 1:
                        size = self._append(line)
                else:
                    size = self._append(line)
                if size > SEGMENT:
                    self._rotate()
            finally:
                self._depth -= 1

    def _append(self, line: bytes) -> int:
        """Write to a file that is open for it: where the line ended."""
        self._close()
        for path in self._places():
            self._descriptor = self._open(path)
            try:
                size = _write_line(self._descriptor, line)
            except OSError:
                self._close()
                raise
            if not size & 1:
                if not HAS_LOCKS:
                    self._close()  # Windows: an open file could not be renamed by the sender
                return size
            self._close()  # sealed or refused in the meantime
        raise OSError("found the spool sealed again and again; expected a file to write to")

    def _append_apart(self, line: bytes) -> None:
        for path in self._places()[1:]:
            descriptor = self._open(path)
            try:
                if not _write_line(descriptor, line) & 1:
                    return
            finally:
                os.close(descriptor)
        raise OSError("found the spool sealed again and again; expected a file to write to")

    def _places(self) -> list[str]:
        """Where to write, in this order: beside other processes; alone, where a sealer is at that
        file; and where one is at that too (this very process, if a signal came in between), to
        files that nobody has heard of yet.
        """
        own = os.path.join(self._state.spool, f"{self._stream}~{os.getpid()}")
        others = [f"{own}-{os.urandom(4).hex()}{OPEN}" for _ in range(FRESH)]
        return [self._shared_path, own + OPEN, *others]

    @property
    def _shared_path(self) -> str:
        return os.path.join(self._state.spool, self._stream + OPEN)

    def _open(self, path: str) -> int:
        try:
            descriptor = os.open(path, FLAGS, 0o600)
        except FileNotFoundError:
            self._state.make()
            descriptor = os.open(path, FLAGS, 0o600)
        if is_marked(descriptor) and seal(self._state, path, time.time_ns()):
            os.close(descriptor)  # it was left by a sealer that died
            descriptor = os.open(path, FLAGS, 0o600)
        # Asked after opening: a refusal either is seen here, or comes later and finds this file.
        if not self._allowed():
            os.close(descriptor)
            raise TurnedOffError
        return descriptor

    def _close(self) -> None:
        # Forgotten before it is closed: a signal handler that records may run between the two.
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _rotate(self) -> None:
        self._close()
        now = time.time_ns()
        for path in self._places()[:2]:
            seal(self._state, path, now)
        dropped = drop_over_bounds(self._state, now)
        if dropped:
            count(self._state, "dropped", dropped)

    def _start_anew_in_child(self) -> None:
        # The lock may be held by a thread that does not exist here, and the place where a write
        # on the inherited descriptor ended would be the parent's too.
        self._lock = RLock()
        self._depth = 0
        self._fork = _forks
        self._close()


def _write_line(descriptor: int, line: bytes) -> int:
    """Write a line: where it ended. Raises `OSError` if not all of it found room."""
    written = _write(descriptor, line)
    if written != len(line):
        # So that the next line stands alone, and the length stays even.
        _write(descriptor, b"\n" if written & 1 else b" \n")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _seek(descriptor, 0, HERE)
