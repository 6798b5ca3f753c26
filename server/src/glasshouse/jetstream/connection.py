"""One connection to a NATS cluster for all threads of a process: a loop in a thread of its own.

What a server asks of JetStream comes from the doors' event loop, from the loading thread and from
the console's threads; the client library belongs to one loop. It reconnects by itself, to any
server of the cluster, for as long as this is open.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

import nats
import uvloop
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from glasshouse.jetstream.address import Address
from glasshouse.notices import Notice, kind_of, tell

CONNECT_SECONDS = 15.0
CALL_SECONDS = 10.0
ANSWER_SECONDS = 2.5  # for one answer of many that a call may need
SYNCS_ALWAYS = (2, 10)  # servers from here on know `sync_interval: always`
LEAST_PAYLOAD = 8 * 1024 * 1024
PENDING_BYTES = 64 * 1024 * 1024  # that wait while no server is connected

Result = TypeVar("Result")


class JetStreamUnavailableError(OSError):
    """The cluster does not answer, or not as it must. What was asked may have happened."""


class JetStream:
    """An open connection. Its methods may be called by any thread but its own."""

    def __init__(
        self,
        address: Address,
        *,
        warn: Callable[[str], None] = lambda text: tell(Notice.REPORTED, text=text),
        patience: float = CONNECT_SECONDS,
    ) -> None:
        """Raises `JetStreamUnavailableError` if no server answers within `patience` seconds.

        `warn` is told once of servers that cannot promise enough.
        """
        self.address = address
        self._failing = False
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="jetstream", daemon=True)
        self._thread.start()
        try:
            self.client = self.call(self._connected(patience), patience + 5)
            self.context: JetStreamContext = self.client.jetstream(timeout=ANSWER_SECONDS)
            self._check(warn)
        except BaseException:
            self.close()
            raise

    @property
    def most_payload(self) -> int:
        """The largest message, in bytes."""
        return self.client.max_payload

    def call(self, work: Coroutine[Any, Any, Result], seconds: float = CALL_SECONDS) -> Result:
        """Do this in the connection's loop, and wait. Raises `JetStreamUnavailableError`, and as
        they are the API's answers (`nats.js.errors.APIError`).
        """
        if not self._thread.is_alive():
            work.close()
            raise JetStreamUnavailableError("the connection is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except (TimeoutError, FutureTimeoutError):
            future.cancel()
            raise JetStreamUnavailableError(
                f"{', '.join(self.address.hosts)}: no answer after {seconds:g} s"
            ) from None
        except APIError:
            raise
        except (NatsError, OSError) as error:
            raise JetStreamUnavailableError(f"{type(error).__name__}: {error}") from None

    def submit(self, work: Callable[[], None]) -> bool:
        """Have the loop call this soon; False if the connection is closed."""
        if not self._thread.is_alive():
            return False
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # it was closed this moment
            return False
        return True

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Have the loop do this beside everything else."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(work, self._loop)
        else:
            work.close()

    async def ask(self, subject: str, question: object = None) -> dict[str, Any]:
        """What the JetStream API answers, for what the library has no method for. In the loop."""
        data = b"" if question is None else json.dumps(question).encode()
        message = await self.client.request(f"$JS.API.{subject}", data, timeout=ANSWER_SECONDS)
        answer: dict[str, Any] = json.loads(message.data)
        if "error" in answer:
            APIError.from_error(answer["error"])
        return answer

    def close(self) -> None:
        """Send what is waiting, and end the connection."""
        if not self._thread.is_alive():
            return
        client = getattr(self, "client", None)
        if client is not None and not client.is_closed:
            with contextlib.suppress(JetStreamUnavailableError, APIError):  # it ends with its loop
                self.call(client.close(), 5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _connected(self, patience: float) -> Client:
        async def failed(error: Exception) -> None:
            if not self._failing:
                self._failing = True
                tell(Notice.FAILING, part="nats", error=kind_of(error))

        async def reconnected() -> None:
            if self._failing:
                self._failing = False
                tell(Notice.RECOVERED, part="nats", failures=1)

        async with asyncio.timeout(patience):
            return await nats.connect(
                self.address.urls,
                name="glasshouse",
                error_cb=failed,
                reconnected_cb=reconnected,
                connect_timeout=2,
                reconnect_time_wait=0.2,  # seconds; it is slept
                max_reconnect_attempts=-1,
                ping_interval=5,
                max_outstanding_pings=2,
                pending_size=PENDING_BYTES,
            )

    def _check(self, warn: Callable[[str], None]) -> None:
        if self.most_payload < LEAST_PAYLOAD:
            raise JetStreamUnavailableError(
                f"NATS takes messages of at most {self.most_payload} bytes, expected "
                f"{LEAST_PAYLOAD}: set `max_payload: 8MB` in the configuration of every server"
            )
        self.call(self.ask("INFO"))
        found = self.client.connected_server_version
        if (found.major, found.minor) < SYNCS_ALWAYS:
            warn(
                f"NATS {found.major}.{found.minor}.{found.patch} does not know `sync_interval: "
                "always`: what is acknowledged survives the loss of single servers, but not a "
                "power cut of all of them at once; use 2.10 or later with that setting"
            )
