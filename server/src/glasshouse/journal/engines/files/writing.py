"""The one writer of a journal: groups what is waiting, writes it, syncs once, then answers.

Invariants:
 1. Those who wait are told of success only after an fdatasync that covers their payload returned.
 2. After a failed or short write, or a failed sync, the segment is never written again: its tail
    is unknown. The group fails, and the next one begins a new segment. A failed sync is not
    retried: the kernel may have dropped the pages and would report success.
 3. A process begins with a new segment, never at the end of an old one, so a position that was
    read before a power cut cannot point past what is written after it.
"""

import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from glasshouse.journal.engines.files.frame import frame
from glasshouse.journal.engines.files.segments import create_segment
from glasshouse.journal.port import JournalBrokenError
from glasshouse.journal.tickets import Ticket
from glasshouse.journal.watching import DiskWatch
from glasshouse.notices import Notice, tell

Waiting = tuple[bytes, Ticket | None]
Answer = Callable[[list[Ticket], JournalBrokenError | None], None]

GROUP_BYTES = 16 * 1024 * 1024
GROUP_PARTS = 500  # writev takes at most 1024 buffers


class SegmentWriter:
    """Appends groups of payloads to the current segment, and begins the next when it is full."""

    def __init__(
        self,
        directory: Path,
        number: int,
        segment_bytes: int,
        synced: Callable[[int, int], None],
        answer: Answer,
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._synced = synced  # told of every (segment, end) that is durable
        self._answer = answer
        self._number = number - 1
        self._descriptor: int | None = None
        self._end = 0
        self.watch = DiskWatch()

    def write(self, group: list[Waiting]) -> None:
        """Write and sync the group, then tell those who wait for it."""
        tickets = [ticket for _, ticket in group if ticket is not None]
        try:
            self._write_durably(
                [part for payload, _ in group for part in (frame(payload), payload)]
            )
        except OSError as error:
            self.watch.failed(error)
            self._abandon_segment()
            failure = JournalBrokenError(error.errno, f"the journal cannot be written: {error}")
            self._answer(tickets, failure)
        else:
            self._answer(tickets, None)

    def roll(self) -> int:
        """End the current segment. The number of the next one."""
        self.close()
        return self._number + 1

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write_durably(self, parts: list[bytes]) -> None:
        if self._descriptor is None or self._end >= self._segment_bytes:
            self.close()
            # The number is taken even if this fails: a half-made segment is not used again.
            self._number += 1
            self._descriptor = create_segment(self._directory, self._number)
            self._end = 0
            tell(Notice.ROLLED, segment=self._number)
        size = sum(map(len, parts))
        written = os.writev(self._descriptor, parts)
        if written != size:
            raise OSError(errno.ENOSPC, f"{written} of {size} bytes written")
        started = time.perf_counter()
        os.fdatasync(self._descriptor)
        self.watch.synced(time.perf_counter() - started)
        self._end += size
        self._synced(self._number, self._end)

    def _abandon_segment(self) -> None:
        """Leave the segment at its last synced end, as far as the disk allows."""
        if self._descriptor is None:
            return
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError:
            pass  # the reader stops at the synced end, and a later start reports the torn tail
        finally:
            self.close()


CLOSING = "closing"


class Roll:
    """Asks the writing thread for a new segment."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.next_segment = 0


class GroupCommit:
    """A thread that takes all that is waiting, lets the writer sync it once, and so on."""

    def __init__(self, writer: SegmentWriter) -> None:
        self._writer = writer
        self._waiting: queue.SimpleQueue[Waiting | Roll | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def submit(self, payload: bytes, ticket: Ticket | None) -> None:
        self._waiting.put((payload, ticket))

    def roll(self) -> int:
        """End the segment behind all that was submitted before. The number of the next one."""
        roll = Roll()
        self._waiting.put(roll)
        # The thread may have ended meanwhile; nothing writes then, and this thread may.
        while not roll.done.wait(0.05):
            if not self._thread.is_alive():
                return self._writer.roll()
        return roll.next_segment

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        self._writer.close()

    def _run(self) -> None:
        while True:
            group, after = self._gather()
            if group:
                self._writer.write(group)
            if isinstance(after, Roll):
                after.next_segment = self._writer.roll()
                after.done.set()
            elif after is CLOSING:
                return

    def _gather(self) -> tuple[list[Waiting], Roll | str | None]:
        """What to write together, and what is to be done then."""
        group: list[Waiting] = []
        size = 0
        while len(group) < GROUP_PARTS and size < GROUP_BYTES:
            try:
                entry = self._waiting.get_nowait() if group else self._waiting.get()
            except queue.Empty:
                return group, None
            if entry is None:
                return group, CLOSING
            if isinstance(entry, Roll):
                return group, entry
            group.append(entry)
            size += len(entry[0])
        return group, None
