"""What a running server does every few seconds: tell what was refused, keep the quarantine.

So a crash costs the window on refusals two seconds at most, and a flood of wrong requests becomes
a line for each kind of them and not for each request.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from glasshouse.cli.service_manager import Herald
from glasshouse.collector.app import Collector
from glasshouse.notices import Notice, tell

ROUND_SECONDS = 2.0
MOST_LINES = 50  # of a kind of notice, in one round


async def beat(herald: Herald, alive: Callable[[], bool]) -> None:
    """Where there are no doors: tell the service manager of the loader, until cancelled."""
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        if alive():
            herald.say("WATCHDOG=1")


class Rounds:
    """The rounds of one collector. `threaded`: files are written beside the event loop; `alive`
    says whether the loader is, and `herald` passes it on.
    """

    def __init__(
        self,
        collector: Collector,
        herald: Herald,
        alive: Callable[[], bool],
        *,
        threaded: bool = True,
    ) -> None:
        self._collector = collector
        self._herald = herald
        self._alive = alive
        self._threaded = threaded
        self._told_away: Counter[tuple[str, str]] = Counter()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            if self._alive():
                self._herald.say("WATCHDOG=1")
            self.tell()
            await self._keep()

    def tell(self) -> None:
        refused = self._collector.quarantine.take_refused()
        for (product, door, outcome, reason), items in refused.most_common(MOST_LINES):
            tell(
                Notice.REFUSED,
                product=product,
                door=door,
                outcome=outcome,
                reason=reason,
                items=items,
            )
        away = self._collector.sent_away - self._told_away
        for (product, door), requests in away.most_common(MOST_LINES):
            tell(Notice.SENT_AWAY, product=product, door=door, requests=requests)
        self._told_away = self._collector.sent_away.copy()

    async def _keep(self) -> None:
        """The window is for people: a full disk costs it a round, and nothing else."""
        quarantine = self._collector.quarantine
        write = quarantine.writing()
        if write is None:
            return
        with suppress(OSError):
            if self._threaded:
                await asyncio.to_thread(write)
            else:
                write()
