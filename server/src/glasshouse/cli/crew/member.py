"""A further collector process: `python -m glasshouse.cli.crew.member CHANNEL_FD LISTENING_FD`.

Started by the first process and by nobody else. It serves the doors; its records go through the
channel. It ends when it is told to, and when the first process is gone: then nothing of what it
would take could be acknowledged.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from glasshouse.catalogue import Catalogue
from glasshouse.cli.clock import now
from glasshouse.cli.crew.channel import Channel, Kind, Post, Report
from glasshouse.cli.crew.forwarding import Forwarding
from glasshouse.cli.crew.remote_journal import RemoteJournal
from glasshouse.cli.listening import server_of
from glasshouse.cli.log import log_to
from glasshouse.cli.midnight import forget_each_midnight
from glasshouse.collector.app import Collector, Receive, Scope, Send
from glasshouse.collector.desk import Desk
from glasshouse.collector.pace import Pace, Spent
from glasshouse.collector.places import Places
from glasshouse.collector.proofs import Proofs
from glasshouse.collector.quarantine import Quarantine
from glasshouse.notices import Notice, tell

REPORT_SECONDS = 0.1
BEAT_SECONDS = 1.0  # it reports at least this often, so that one that hangs is found
LAST_SECONDS = 2.0  # for answers under way when the first process is gone


class Member:
    """The parts of a further process, wired by what the first one posted."""

    def __init__(self, post: Post) -> None:
        data = Path(post.data)
        databases = (post.country_database, post.regions)
        countries, regions = (Path(path) if path else None for path in databases)
        self._catalogue = data / "catalogue"
        self.journal = RemoteJournal()
        self.pace = Pace(
            time.monotonic, post.items_per_second, shared=True, place_key=post.server_key
        )
        self.proofs = Proofs(data / "proofs", post.server_key)
        self.desk = Desk(
            Catalogue(self._catalogue),
            Places(countries, regions),
            now,
            post.server_key,
            post.trusted_proxies,
            proofs=self.proofs,
            pace=self.pace,
        )
        self.collector = Collector(
            self.desk,
            self.journal,
            post.in_flight_bytes,
            quarantine=Quarantine(),
            report=lambda text: tell(Notice.DEFECT, place=text),
        )
        self.forwarding = Forwarding(post.first)
        self._answers: Counter[tuple[str, int]] = Counter()
        self._away: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.collector.serves(scope["method"], scope["path"]):
            await self.collector(scope, receive, send)
        else:
            await self.forwarding(scope, receive, send)

    def follow_catalogue(self) -> None:
        """Read what the first process has written; every change of it is whole."""
        self.desk.catalogue = Catalogue(self._catalogue)

    def report(self) -> Report:
        answers, away = self.collector.answers, self.collector.sent_away
        report = Report(
            self.collector.in_flight,
            self.pace.take_spent(),
            self.collector.quarantine.take_changes(),
            [(*key, count) for key, count in (answers - self._answers).items()],
            [(*key, count) for key, count in (away - self._away).items()],
        )
        self._answers, self._away = answers.copy(), away.copy()
        return report

    async def close(self) -> None:
        await self.forwarding.close()
        self.proofs.close()


class Life:
    """From the post to the end."""

    def __init__(self, channel: socket.socket, listening: socket.socket) -> None:
        self._sockets = channel, listening
        self._post: asyncio.Future[Post] = asyncio.get_running_loop().create_future()
        self._member: Member | None = None
        self._server: Any = None
        self._channel = Channel(self._receive, self._lost)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        channel, listening = self._sockets
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop if number == signal.SIGTERM else _nothing)
        await loop.create_unix_connection(lambda: self._channel, sock=channel)
        post = await self._post
        log_to(sys.stderr, post.log_format)
        self._member = Member(post)
        self._member.journal.channel = self._channel
        self._server = server_of(self._member, self._member.collector)
        tell(Notice.COLLECTOR_STARTED, collector=post.collector)
        reporting = asyncio.create_task(self._report_often(self._member))
        forgetting = asyncio.create_task(forget_each_midnight(self._member.desk.visits))
        await self._server.serve(sockets=[listening])
        reporting.cancel()
        forgetting.cancel()
        self._report(self._member.report())
        self._channel.close()
        await self._member.close()

    async def _report_often(self, member: Member) -> None:
        beat = 0.0
        while True:
            report = member.report()
            if report != Report(report.in_flight, Spent(), []) or time.monotonic() > beat:
                self._report(report)
                beat = time.monotonic() + BEAT_SECONDS
            await asyncio.sleep(REPORT_SECONDS)

    def _report(self, report: Report) -> None:
        self._channel.send(Kind.REPORT, 0, msgspec.json.encode(report))

    def _receive(self, kind: Kind, number: int, content: bytes) -> None:
        if kind is Kind.POST:
            self._post.set_result(msgspec.json.decode(content, type=Post))
            return
        member = self._member
        if member is None:
            return  # it will read the catalogue as it is, and owes nothing yet
        if kind is Kind.SYNCED or kind is Kind.FAILED:
            member.journal.settle(number, synced=kind is Kind.SYNCED)
        elif kind is Kind.CATALOGUE:
            member.follow_catalogue()
            self._channel.send(Kind.CAUGHT_UP, number)
        elif kind is Kind.SPENT:
            member.pace.debit(msgspec.json.decode(content, type=Spent))

    def _stop(self) -> None:
        if self._server is None:
            os._exit(0)  # nothing was taken yet
        self._server.should_exit = True

    def _lost(self) -> None:
        if self._member is not None:
            self._member.journal.break_off()
        self._stop()
        asyncio.get_running_loop().call_later(LAST_SECONDS, os._exit, 1)


def _nothing() -> None:
    """Ctrl-C on the terminal reaches every process; the first one ends the others in order."""


def main() -> None:
    channel, listening = (socket.socket(fileno=int(text)) for text in sys.argv[1:3])
    gc.set_threshold(100_000, 20, 100)

    async def live() -> None:
        await Life(channel, listening).run()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(live())


if __name__ == "__main__":
    main()
