"""A role is a list of parts: started in order, released together, stopped in reverse order.

What a part needs of another stands before it, so that it is there first and goes last: the loader
before the doors, the doors before what announces them.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from glasshouse.cli.listening import Server, Sockets
from glasshouse.cli.service_manager import Herald
from glasshouse.notices import Notice, tell


class Part(Protocol):
    """Something that runs for as long as its role does. All three are called in the event loop."""

    async def start(self) -> None:
        """Done when others may rely on it."""

    def release(self) -> None:
        """Take no more. May come before `start`, and again."""

    async def stop(self) -> None:
        """Done when what was taken is finished."""


async def carry(parts: Sequence[Part], herald: Herald, ready: Callable[[], None]) -> None:
    """Run the parts until a signal or the end of one of them; `ready` is called once all run."""
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            tell(Notice.STOPPING)
            herald.say("STOPPING=1")
        for part in parts:
            part.release()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    async with contextlib.AsyncExitStack() as started:
        for part in parts:
            if stopping.is_set():
                break
            started.push_async_callback(part.stop)
            await part.start()
        else:
            ready()
            herald.say("READY=1")
        await stopping.wait()


class Background:
    """A coroutine, until it is cancelled; `last` is called after it."""

    def __init__(
        self, work: Callable[[], Coroutine[Any, Any, None]], last: Callable[[], None] | None = None
    ) -> None:
        self._work = work
        self._last = last
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    def release(self) -> None:
        """It goes on while others finish."""

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._last is not None:
            self._last()


class During:
    """A `with` block around the parts behind it."""

    def __init__(self, block: AbstractContextManager[object]) -> None:
        self._block = block

    async def start(self) -> None:
        self._block.__enter__()

    def release(self) -> None:
        """Nothing comes in through it."""

    async def stop(self) -> None:
        await asyncio.to_thread(self._block.__exit__, None, None, None)


class Web:
    """HTTP servers, each on its socket."""

    def __init__(self, servers: Sequence[tuple[Server, Sockets]]) -> None:
        self._servers = servers
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(server.serve(sockets=list(sockets)))
            for server, sockets in self._servers
        ]
        while not all(server.started for server, _ in self._servers):  # uvicorn's flag
            for task in self._tasks:
                if task.done():
                    task.result()  # one that could not start says why
            await asyncio.sleep(0.01)

    def release(self) -> None:
        for server, _ in self._servers:
            server.should_exit = True

    async def stop(self) -> None:
        self.release()
        await asyncio.gather(*self._tasks)
