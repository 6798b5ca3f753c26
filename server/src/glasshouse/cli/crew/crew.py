"""The crew in the first process: starts further collectors, writes for them, starts them again.

A member that ends by itself is started again: at once, then later and later while it does not
last. Its socket stays open meanwhile, so that connections wait for it instead of being refused;
when it fails again and again, its socket is closed and the others get its connections.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from glasshouse.cli.crew.channel import Channel, Kind, Post, Report
from glasshouse.cli.listening import beside
from glasshouse.collector.app import Collector
from glasshouse.collector.pace import Pace, Spent
from glasshouse.journal import Appendable
from glasshouse.notices import Notice, tell

TICK_SECONDS = 0.1
HANGS_SECONDS = 15.0  # without a report
STOP_SECONDS = 15.0
LASTED_SECONDS = 60.0  # after this long it counts as sound again
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
CATALOGUE_SECONDS = 5.0


@dataclass(eq=False)
class Seat:
    """The place of one member, whoever sits in it."""

    number: int
    listening: socket.socket | None = None
    channel: Channel | None = None
    process: asyncio.subprocess.Process | None = None
    heard_at: float = 0.0
    in_flight: int = 0
    version: int = -1  # of the catalogue that it knows
    failures: int = 0
    spent: Spent = field(default_factory=Spent)  # what the others have not heard of yet


class Crew:
    """`size` further collectors on the doors' shared socket. One event loop uses it."""

    def __init__(
        self,
        size: int,
        doors: socket.socket,
        *,
        post: Callable[[int], Post],
        collector: Collector,
        journal: Appendable,
        pace: Pace,
        version: Callable[[], int],
        lock: int,
    ) -> None:
        """`post` says what a member has to know, `version` how often the catalogue has changed.
        Members inherit `lock`: while one of them lives, nobody else opens the directory.
        """
        self.seats = [Seat(number) for number in range(2, size + 2)]
        self._doors = doors
        self._post = post
        self._collector = collector
        self._journal = journal
        self._pace = pace
        self._version = version
        self._lock = lock
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._caught_up = asyncio.Condition()
        self.restarts = 0

    @property
    def in_flight(self) -> int:
        return sum(seat.in_flight for seat in self.seats)

    @property
    def running(self) -> int:
        return sum(seat.version >= 0 for seat in self.seats)

    async def start(self) -> None:
        """Done when every member has answered once, or has failed to."""
        self._tasks = [asyncio.create_task(self._keep(seat)) for seat in self.seats]
        if self.seats:
            self._tasks.append(asyncio.create_task(self._tick()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS), self._caught_up:
                await self._caught_up.wait_for(lambda: self.running == len(self.seats))

    async def catch_up(self) -> None:
        """Done when every member knows the catalogue as it is now."""
        version = self._version()
        for seat in self.seats:
            if seat.channel is not None:
                seat.channel.send(Kind.CATALOGUE, version)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATALOGUE_SECONDS), self._caught_up:
                await self._caught_up.wait_for(lambda: self.has_caught_up(version))

    def has_caught_up(self, version: int) -> bool:
        return all(seat.version >= version for seat in self.seats if seat.channel is not None)

    def release(self) -> None:
        """Have the members take no more, and finish what they have taken."""
        self._stopping.set()
        for seat in self.seats:
            if seat.process is not None and seat.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    seat.process.terminate()

    async def stop(self) -> None:
        """Done when the members have ended; the journal has to be open until then."""
        self.release()
        if self._tasks:
            keepers = self._tasks[:-1]
            _, late = await asyncio.wait(keepers, timeout=STOP_SECONDS)
            for seat in self.seats:
                if late and seat.process is not None and seat.process.returncode is None:
                    seat.process.kill()
            for task in (*late, self._tasks[-1]):
                task.cancel()
        for seat in self.seats:
            if seat.listening is not None:
                seat.listening.close()

    async def _keep(self, seat: Seat) -> None:
        while True:
            started = time.monotonic()
            status = await self._run(seat)
            if self._stopping.is_set():
                return
            lasted = time.monotonic() - started > LASTED_SECONDS
            seat.failures = 1 if lasted else seat.failures + 1
            pause = min(FIRST_PAUSE * 4 ** (seat.failures - 1), LONGEST_PAUSE)
            self.restarts += 1
            tell(Notice.COLLECTOR_ENDED, collector=seat.number, status=status, again_in=pause)
            if seat.failures > 2 and seat.listening is not None:
                seat.listening.close()
                seat.listening = None
            await asyncio.sleep(pause)
            if self._stopping.is_set():
                return

    async def _run(self, seat: Seat) -> int:
        """One life of a member; its exit status."""
        if seat.listening is None:
            seat.listening = beside(self._doors)
        ours, theirs = socket.socketpair()
        gone = asyncio.Event()
        channel = Channel(lambda *frame: self._receive(seat, *frame), gone.set)
        fds = (theirs.fileno(), seat.listening.fileno())
        try:
            seat.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "glasshouse.cli.crew.member",
                *map(str, fds),
                stdin=subprocess.DEVNULL,
                pass_fds=(*fds, self._lock),
            )
        finally:
            theirs.close()
        await asyncio.get_running_loop().create_unix_connection(lambda: channel, sock=ours)
        seat.channel, seat.heard_at = channel, time.monotonic()
        channel.send(Kind.POST, 0, msgspec.json.encode(self._post(seat.number)))
        channel.send(Kind.CATALOGUE, self._version())
        try:
            status = await seat.process.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await gone.wait()  # its last frames are in the socket still
            return status
        finally:
            channel.close()
            seat.channel, seat.version, seat.in_flight = None, -1, 0

    def _receive(self, seat: Seat, kind: Kind, number: int, content: bytes) -> None:
        if kind is Kind.APPEND:
            self._append(seat, number, content)
        elif kind is Kind.NOTE:
            self._journal.note(content)
        elif kind is Kind.REPORT:
            self._hear(seat, msgspec.json.decode(content, type=Report))
        elif kind is Kind.CAUGHT_UP:
            seat.version = number
            self._wake()

    def _append(self, seat: Seat, number: int, payload: bytes) -> None:
        channel = seat.channel

        def answer(ticket: "asyncio.Future[None]") -> None:
            failed = ticket.cancelled() or ticket.exception() is not None
            if channel is not None:
                channel.send(Kind.FAILED if failed else Kind.SYNCED, number)

        self._journal.append(payload).add_done_callback(answer)

    def _hear(self, seat: Seat, report: Report) -> None:
        seat.heard_at = time.monotonic()
        seat.in_flight = report.in_flight
        seat.spent.add(report.spent)
        self._collector.quarantine.take_in(report.changes)
        answers = {(door, status): count for door, status, count in report.answers}
        away = {(product, door): count for product, door, count in report.sent_away}
        self._collector.answers.update(Counter(answers))
        self._collector.sent_away.update(Counter(away))
        if seat.version < 0:
            # It reports, so it is up; it read the catalogue after the post, if not the newest.
            seat.version = 0
            self._wake()

    def _wake(self) -> None:
        async def wake() -> None:
            async with self._caught_up:
                self._caught_up.notify_all()

        self._waking = asyncio.ensure_future(wake())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._share()
            version = self._version()
            for seat in self.seats:
                if seat.version >= 0 and seat.version < version and seat.channel is not None:
                    seat.channel.send(Kind.CATALOGUE, version)
                hangs = time.monotonic() - seat.heard_at > HANGS_SECONDS
                if seat.channel is not None and seat.process is not None and hangs:
                    with contextlib.suppress(ProcessLookupError):
                        seat.process.kill()

    def _share(self) -> None:
        """Everybody hears what the others have let in, and takes it out of its own buckets."""
        mine = self._pace.take_spent()
        told = [(seat, seat.spent) for seat in self.seats]
        for seat in self.seats:
            seat.spent = Spent()
        for _, spent in told:
            if spent:
                self._pace.debit(spent)
        for seat in self.seats:
            others = Spent()
            others.add(mine)
            for other, spent in told:
                if other is not seat:
                    others.add(spent)
            if others and seat.channel is not None:
                seat.channel.send(Kind.SPENT, 0, msgspec.json.encode(others))
