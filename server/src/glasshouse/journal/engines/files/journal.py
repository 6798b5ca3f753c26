"""A journal in a directory of segment files."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from glasshouse.durability import sync_path
from glasshouse.journal.engines.files.frame import frames
from glasshouse.journal.engines.files.segments import segment_numbers, segment_path
from glasshouse.journal.engines.files.writing import GroupCommit, SegmentWriter
from glasshouse.journal.port import Damage, ReportDamage, Syncs
from glasshouse.journal.tickets import Ticket, settle
from glasshouse.model import Position
from glasshouse.notices import Notice, tell

SEGMENT_BYTES = 64 * 1024 * 1024


class FileJournal:
    """See `Journal`. Appends come from one event loop; `read` and `trim` from one other thread."""

    def __init__(
        self,
        directory: Path,
        *,
        floor: Position,
        report: ReportDamage,
        threaded: bool = True,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._report = report
        self._reported: dict[tuple[int, int], Damage] = {}
        self._lock = threading.Lock()
        self._ends = _old_segments(directory, report)  # synced end by segment number
        number = max([*self._ends, floor.segment]) + 1
        self._writer = SegmentWriter(directory, number, segment_bytes, self._synced, settle)
        self._commit = GroupCommit(self._writer) if threaded else None
        # Without its thread whoever appends writes, and an erasure may end the segment meanwhile.
        self._writing = threading.Lock()
        self._rolled = 0  # segments before this one are ended

    def append(self, payload: bytes) -> asyncio.Future[None]:
        ticket = asyncio.get_running_loop().create_future()
        self._submit(payload, ticket)
        return ticket

    def note(self, payload: bytes) -> None:
        self._submit(payload, None)

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        taken = 0
        for number, end in self._readable(after):
            start = after.offset if number == after.segment else 0
            if start >= end:
                continue
            with segment_path(self._directory, number).open("rb", buffering=1 << 20) as file:
                for offset, size, content in frames(file, start, end):
                    if isinstance(content, str):
                        self._report_once(Damage(number, offset, size, content))
                        continue
                    taken += size
                    yield content, Position(number, offset + size)
                    if taken >= limit:
                        return

    def roll(self) -> Position:
        if self._commit is None:
            with self._writing:
                rolled = self._writer.roll()
        else:
            rolled = self._commit.roll()
        with self._lock:
            self._rolled = rolled
        return Position(rolled, 0)

    def trim(self, before: Position) -> None:
        with self._lock:
            newest = max(self._ends, default=0)
            done = [
                number
                for number, end in self._ends.items()
                if (number != newest or number < self._rolled) and Position(number, end) <= before
            ]
        freed = 0
        for number in done:
            segment_path(self._directory, number).unlink(missing_ok=True)
            with self._lock:
                freed += self._ends.pop(number)
        if done:
            tell(Notice.TRIMMED, segments=len(done), bytes=freed)

    def damages(self) -> list[Damage]:
        return list(self._reported.values())

    def size(self) -> int:
        with self._lock:
            return sum(self._ends.values())

    def syncs(self) -> Syncs:
        return self._writer.watch.syncs()

    def close(self) -> None:
        if self._commit is None:
            self._writer.close()
        else:
            self._commit.close()

    def _report_once(self, damage: Damage) -> None:
        """A torn tail is met at every read until something follows it."""
        place = (damage.segment, damage.offset)
        if place not in self._reported:
            self._reported[place] = damage
            self._report(damage)

    def _submit(self, payload: bytes, ticket: Ticket | None) -> None:
        if self._commit is None:
            with self._writing:
                self._writer.write([(payload, ticket)])
        else:
            self._commit.submit(payload, ticket)

    def _synced(self, number: int, end: int) -> None:
        with self._lock:
            self._ends[number] = end

    def _readable(self, after: Position) -> list[tuple[int, int]]:
        with self._lock:
            return sorted((n, end) for n, end in self._ends.items() if n >= after.segment)


def _old_segments(directory: Path, report: ReportDamage) -> dict[int, int]:
    """What earlier processes left, synced before it is read.

    A killed process may have left records that are whole but were never synced; the store must
    not get ahead of the disk.
    """
    ends = {}
    for number in segment_numbers(directory):
        path = segment_path(directory, number)
        size = path.stat().st_size
        try:
            sync_path(path)
        except OSError as error:
            reason = f"this segment cannot be synced: {os.strerror(error.errno or 0)}"
            report(Damage(number, 0, size, reason))
        ends[number] = size
    sync_path(directory)
    return ends
