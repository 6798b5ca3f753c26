"""What the relay took, on its way to the collector: a bounded queue in memory and one thread.

The host's requests never wait for the network. What does not fit is refused, so that the visitor's
browser keeps it; what waits when the process ends is lost, which a browser cannot be told.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from glasshouse_sdk.browser.visits import Visits, seconds_to_midnight
from glasshouse_sdk.sender.exchange import ExchangeError, exchange
from glasshouse_sdk.wires import Request

PATH = "/v1/browser"
MOST_WAITING = 500
MOST_BYTES = 4_000_000
SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A body as the relay took it, and when, in seconds of a clock that only goes forward."""

    body: bytes
    headers: Mapping[str, str]
    at: float


class Forwarding:
    """Takes bodies and posts them, in order. Works on in a forked worker, with a thread there."""

    def __init__(
        self,
        endpoint: str,
        environ: Mapping[str, str],
        is_off: Callable[[], bool],
        visits: Visits,
        clock: Callable[[], datetime],
    ) -> None:
        self._endpoint = endpoint
        self._environ = environ
        self._is_off = is_off
        self._visits = visits
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._waiting: deque[Taken] = deque()
        self._begin()

    def take(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether there was room. `headers` go along."""
        if self._process != os.getpid():
            self._begin()  # what the parent held is the parent's to send
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._bytes + len(body) > MOST_BYTES:
                return False
            self._waiting.append(Taken(body, headers, time.monotonic()))
            self._bytes += len(body)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="glasshouse-relay", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return True

    def _begin(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._waiting = deque()
        self._bytes = 0
        self._thread = None

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            taken = self._next()
            if self._is_off() or self._post(taken):
                self._done(taken)
                pause = FIRST_PAUSE
            else:
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _next(self) -> Taken:
        """The oldest body, left in its place; meanwhile the day's key ends with its day."""
        while True:
            now = self._clock()
            self._visits.forget_if_over(now.date())
            with self._changed:
                if not self._waiting:
                    self._changed.wait(min(seconds_to_midnight(now), LONGEST_WAIT) + 0.01)
                if self._waiting:
                    return self._waiting[0]

    def _done(self, taken: Taken) -> None:
        with self._changed:
            self._waiting.popleft()
            self._bytes -= len(taken.body)

    def _post(self, taken: Taken) -> bool:
        """Whether it is settled: taken, or refused for good."""
        held = {"Glasshouse-Held": str(int(time.monotonic() - taken.at))}
        try:
            answer = exchange(
                self._endpoint,
                Request(path=PATH, headers=taken.headers, body=taken.body, ids=()),
                headers=held,
                compress=True,
                now=time.time(),
                timeout=SECONDS,
                environ=self._environ,
            )
        except ExchangeError:
            return False
        return answer.status < 500 and answer.status not in (408, 429)
