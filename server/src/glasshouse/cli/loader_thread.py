"""The thread that moves the journal into the store while a server runs."""

import asyncio
import threading
from typing import Protocol

from glasshouse.loading.loader import Signal


class Runs(Protocol):
    """What loads until it is told to stop."""

    def run(self, stop: Signal, wake: Signal, every: float) -> None: ...


class LoaderThread:
    """A part: from its start until what was acknowledged before its stop is loaded."""

    def __init__(self, loader: Runs, every: float) -> None:
        """`every` so many seconds it looks for something to load."""
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(
            target=loader.run, args=(self._stop, self._wake, every), name="loader", daemon=True
        )

    async def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def release(self) -> None:
        """It loads on, while requests come to their end."""

    async def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)
