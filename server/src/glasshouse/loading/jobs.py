"""What others have the loading thread do between two cycles: erase, back up, look at the journal.

Whoever asks waits until it is done. While no thread loads, or if it ends before it came to a job,
the one who asks does it. `turn` is held by whoever works, so two of them never work at once.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")

LOOK_EVERY = 0.5  # seconds after which the one who asks looks whether a thread is still there


class Jobs:
    """The jobs that wait, and whether a thread does them."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._running = threading.Event()
        self._nudge: Callable[[], None] = lambda: None  # wakes the thread that loads

    @contextmanager
    def done_by_this_thread(self, nudge: Callable[[], None]) -> Iterator[None]:
        """As long as this lasts, this thread calls `do_waiting`, soon after each `nudge`."""
        self._nudge = nudge
        self._running.set()
        try:
            yield
        finally:
            self._running.clear()
            self.do_waiting()

    def do(self, job: Callable[[], Result]) -> Result:
        """Have it done; what it returns, or raises."""
        if not self._running.is_set():
            with self.turn:
                return job()
        future: Future[Result] = Future()

        def settle() -> None:
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
                future.set_exception(error)

        self._waiting.put(settle)
        self._nudge()
        while not wait((future,), timeout=LOOK_EVERY).done:
            if not self._running.is_set():
                self.do_waiting()
        return future.result()

    def do_waiting(self) -> None:
        while True:
            try:
                job = self._waiting.get_nowait()
            except Empty:
                return
            with self.turn:
                job()
