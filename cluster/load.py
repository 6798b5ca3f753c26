"""A load of numbered events by well-behaved clients: they wait as told, and try the next collector.

An event's number stands in one of its fields, so that each can be looked for in the store.
"""

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.load import any_instance, event

from cluster.whole import Registered

BATCH = 50
NUMBER = "artifacts_bytes"  # the field that holds it
ANSWER_SECONDS = 30.0
NOBODY_SECONDS = 0.3  # after which a refused connection is tried again, elsewhere


@dataclass
class Trouble:
    """What clients went through. Times in seconds."""

    refusals: int = 0  # answers of 5xx
    untold: int = 0  # of them, without a time to come back after
    other: int = 0  # answers that are neither, nor 200
    broken: int = 0  # connections that ended without an answer
    longest_told: float = 0.0
    longest: float = 0.0  # from a request's first refusal to its acknowledgement
    late: int = 0  # requests that were refused again after they had waited as long as told
    reasons: list[str] = field(default_factory=list)


class Load:
    """`clients` threads that send until they are told to stop."""

    def __init__(
        self,
        ports: Sequence[int],
        product: Registered,
        clients: int = 4,
        *,
        pause: float = 0.0,
        first: int = 0,
    ) -> None:
        """`pause` in seconds between two requests of a client, on average; `first` is the first
        number.
        """
        self._ports = ports
        self._product = product
        self._pause = pause
        self._lock = threading.Lock()
        self._next = first
        self._stop = threading.Event()
        self.trouble = Trouble()
        self.acknowledged = 0  # events; numbers are given out in order, and none is given up
        self._threads = [
            threading.Thread(target=self._client, args=(number,), daemon=True)
            for number in range(clients)
        ]

    @property
    def numbers(self) -> int:
        """The next that will be given out."""
        return self._next

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 300.0) -> None:
        """Done when every request that was begun is acknowledged."""
        self._stop.set()
        give_up = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, give_up - time.monotonic()))
            if thread.is_alive():
                raise TimeoutError(f"a request is not acknowledged after {seconds:g} s")

    def send(self, events: int) -> None:
        """So many, and no more."""
        self.start()
        while self.acknowledged < events:
            time.sleep(0.01)
        self.stop()

    def _client(self, seed: int) -> None:
        chance = random.Random(seed)
        at = seed
        while not self._stop.is_set():
            with self._lock:
                first, self._next = self._next, self._next + BATCH
            body = self._body(chance, first)
            at = self._deliver(body, at)
            with self._lock:
                self.acknowledged += BATCH
            if self._pause:
                # Clients know nothing of each other: without chance all of them would come at once.
                self._stop.wait(self._pause * chance.uniform(0.5, 1.5))

    def _body(self, chance: random.Random, first: int) -> bytes:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        instance = any_instance(chance)
        items = []
        for number in range(first, first + BATCH):
            item = event(chance, now, instance)
            fields = item["fields"]
            assert isinstance(fields, dict)
            fields[NUMBER] = number
            items.append(item)
        return json.dumps({"manifest": self._product.digest, "items": items}).encode()

    def _deliver(self, body: bytes, at: int) -> int:
        """Send until it is acknowledged; by which collector."""
        refused_at: float | None = None
        may_again: dict[int, float] = {}  # when a collector said that it may be asked again
        while True:
            port = self._ports[at % len(self._ports)]
            wait = may_again.get(port, 0.0) - time.monotonic()
            if wait > 0:
                others = [n for n, p in enumerate(self._ports)
                          if may_again.get(p, 0.0) <= time.monotonic()]  # fmt: skip
                if others:
                    at = others[0]
                    continue
                time.sleep(min(wait, 0.5))
                continue
            status, told, reason = self._post(port, body)
            now = time.monotonic()
            if status == 200:
                if refused_at is not None:
                    with self._lock:
                        self.trouble.longest = max(self.trouble.longest, now - refused_at)
                return at
            with self._lock:
                self._note(status, told, reason, again=port in may_again)
            if status >= 500:
                refused_at = refused_at or now
                may_again[port] = now + (told or NOBODY_SECONDS)
            else:
                may_again.pop(port, None)
                time.sleep(NOBODY_SECONDS)
            at += 1

    def _note(self, status: int, told: float | None, reason: str, *, again: bool) -> None:
        trouble = self.trouble
        if status == 0:
            trouble.broken += 1
        elif status >= 500:
            trouble.refusals += 1
            trouble.untold += told is None
            trouble.late += again
            trouble.longest_told = max(trouble.longest_told, told or 0.0)
        else:
            trouble.other += 1
            trouble.reasons.append(f"{status}: {reason}")

    def _post(self, port: int, body: bytes) -> tuple[int, float | None, str]:
        """The status (0 for none), how long to wait if it says so, and what else it says."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        headers = {
            "Authorization": f"Bearer {self._product.key}",
            "Content-Type": "application/json",
        }
        try:
            connection.request("POST", "/v1/telemetry", body, headers)
            answer = connection.getresponse()
            said = answer.read()
        except (TimeoutError, OSError, http.client.HTTPException):
            return 0, None, ""
        finally:
            connection.close()
        told = answer.headers.get("retry-after")
        if answer.status == 200 and b"rejected" in said:
            return 400, None, said[:200].decode(errors="replace")
        return answer.status, float(told) if told else None, said[:200].decode(errors="replace")
