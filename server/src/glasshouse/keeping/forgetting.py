"""Erasures that instances ask for themselves: noted at once, done together.

    ask        the request stands in the list of erasures, synced, before it is answered; from that
               moment nothing more of the instance comes in, through whatever door
    gather     the loader's chore lets requests gather: it rests sixty times as long as its last run
               took, so that erasing takes a sixtieth of the loader's time at most
    erase      all that wait, with one look through the tables and one rewrite of the store's file
    receipt    `done`, with what went, for whoever knows the request's random name

See docs/decisions/0051.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from glasshouse.catalogue.files import SmallFiles
from glasshouse.collector.proofs import Proofs
from glasshouse.keeping import ledger
from glasshouse.keeping.erasing import FORGET, erase_together
from glasshouse.keeping.holdings import Holdings
from glasshouse.store import Erasure

WITHIN = timedelta(hours=24)  # what a receipt promises
GATHER_SECONDS = 2.0
REST = 60  # times the length of the last run
MOST_REST = WITHIN.total_seconds() / 4
MOST_TOGETHER = 1000
ERASES = (
    "every item that this instance sent, wherever the server keeps it, and all derived from it",
    "the instance's id and its proof",
    "the same again from any backup, when that is restored",
)


class Desk(Protocol):
    """What is needed to take a request: no store, so that any process with doors can."""

    @property
    def files(self) -> SmallFiles: ...

    @property
    def proofs(self) -> Proofs: ...

    @property
    def key_print(self) -> str: ...

    def now(self) -> datetime: ...

    def mark(self, product: str, kind: str, identity: str) -> str:
        """The keyed hash that stands for an identity."""


class ForgetRequests:
    """Every request that is in the list. From any thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reading = threading.Lock()
        self._read = 0  # bytes of the list that were looked at
        self._asked: dict[str, dict[str, Any]] = {}
        self._done: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, dict[str, Any]] = {}  # asked and not done, the oldest first
        self._counts: dict[str, dict[str, int]] = {}

    def ask(self, product: str, instance: str, request: str) -> Mapping[str, Any]:
        """Note that everything of this instance is to go: the receipt. Again: the same receipt.

        `instance` as it is stored. Raises `OSError` where it cannot be made sure of.
        """
        known = self.receipt(request)
        if known is not None:
            return known
        desk = self._desk
        erasure = Erasure(
            name=FORGET + request,
            product=product,
            asked_at=desk.now(),
            kind="instance",
            mark=desk.mark(product, "instance", instance),
        )
        ledger.note_asked(desk.files, erasure, desk.key_print)
        desk.proofs.bury(product, instance)
        receipt = self.receipt(request)
        assert receipt is not None  # noqa: S101 (it was just noted)
        return receipt

    def receipt(self, request: str) -> Mapping[str, Any] | None:
        """What a request became: `pending` or `done`; None if nobody asked under this name."""
        with self._reading:
            self._look()
            asked, done = self._asked.get(request), self._done.get(request)
        if asked is None:
            return None
        asked_at = datetime.fromisoformat(asked["asked_at"])
        receipt = {
            "request": request,
            "product": asked["product"],
            "asked_at": _written(asked_at),
            "erases": ERASES,
        }
        if done is None:
            return {**receipt, "state": "pending", "by": _written(asked_at + WITHIN)}
        completed_at = _written(datetime.fromisoformat(done["completed_at"]))
        return {**receipt, "state": "done", "completed_at": completed_at, "items": done["items"]}

    def counts(self) -> dict[str, dict[str, int]]:
        """By product: how many instances asked to be forgotten, and how many of them are."""
        with self._reading:
            self._look()
            return {product: dict(count) for product, count in self._counts.items()}

    def overdue(self) -> int:
        """How many requests wait longer than their receipts promised."""
        with self._reading:
            self._look()
            oldest = (self._desk.now() - WITHIN).isoformat()
            waiting = list(self._waiting.values())
        return sum(asked["asked_at"] < oldest for asked in waiting)

    def _look(self) -> None:
        """Read what was added to the list since it was last looked at, by whichever process."""
        try:
            with (self._desk.files.directory / ledger.NAME).open("rb") as file:
                file.seek(self._read)
                added = file.read()
        except FileNotFoundError:
            return
        whole = added[: added.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # a line that a power cut ended early
                continue
            if entry["name"].startswith(FORGET):
                self._take(entry["name"].removeprefix(FORGET), entry)

    def _take(self, request: str, entry: dict[str, Any]) -> None:
        """A line of the list. `done` may come before `asked`, where two lists were joined."""
        is_asked = entry["state"] == ledger.ASKED
        kept = self._asked if is_asked else self._done
        if request in kept:
            return
        kept[request] = entry
        count = self._counts.setdefault(entry["product"], {"asked": 0, "done": 0})
        count["asked" if is_asked else "done"] += 1
        if request in self._done:
            self._waiting.pop(request, None)
        else:
            self._waiting[request] = entry


class Forgetting(ForgetRequests):
    """The loader's chore: erases what waits, many together."""

    def __init__(
        self,
        holdings: Holdings,
        clock: Callable[[], float] = time.monotonic,
        gather: float = GATHER_SECONDS,
    ) -> None:
        """`clock` in seconds, for the pauses; `gather`: how long the first of some waits."""
        super().__init__(holdings)
        self._holdings = holdings
        self._clock = clock
        self._gather = gather
        self._rest_until = 0.0
        self._waiting_since: float | None = None

    def __call__(self) -> None:
        """Between two cycles of the loader: erase what waits, if it is time."""
        with self._reading:
            self._look()
            waiting = list(islice(self._waiting.values(), MOST_TOGETHER))
        if not waiting:
            self._waiting_since = None
            return
        now = self._clock()
        if self._waiting_since is None:
            self._waiting_since = now
        if now < max(self._rest_until, self._waiting_since + self._gather):
            return
        erase_together(self._holdings, list(map(ledger.erasure_of, waiting)))
        ended = self._clock()
        self._rest_until = ended + min((ended - now) * REST, MOST_REST)
        self._waiting_since = None


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds") + "Z"
