"""A load of unique, declared events, and raw sockets that send it with little work of their own."""

import json
import os
import random
import socket
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

INSTANCES = 2000


def any_instance(chance: random.Random) -> str:
    return f"6aef422e-56a7-4530-af9d-{chance.randrange(INSTANCES):012x}"


def event(chance: random.Random, at: str, instance: str | None = None) -> dict[str, object]:
    """One event of bench.toml, about 700 bytes as JSON; of any instance if none is given."""
    return {
        "item": "event.job_finished",
        "id": f"{chance.getrandbits(128):032x}",
        "at": at,
        "instance": instance or any_instance(chance),
        "version": f"2.{chance.randrange(20)}.{chance.randrange(5)}",
        "fields": {
            "result": chance.choice(("SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "ABORTED")),
            "trigger": chance.choice(("schedule", "push", "manual")),
            "executor_kind": chance.choice(("container", "virtual-machine", "bare-metal")),
            "duration_seconds": round(chance.expovariate(1 / 300), 3),
            "queue_seconds": round(chance.expovariate(1 / 10), 3),
            "steps_total": chance.randrange(1, 60),
            "steps_failed": chance.randrange(3),
            "artifacts_bytes": chance.randrange(10**8),
            "cache_hit_ratio": round(chance.random(), 4),
            "used_matrix_build": chance.random() < 0.3,
            "pipeline_definition": f"{chance.randrange(5000):064x}",
            "runtime_version": f"3.{chance.randrange(9, 15)}.{chance.randrange(10)}",
            "operating_system": chance.choice(
                ("Debian GNU/Linux 12 (bookworm)", "Ubuntu 24.04.1 LTS")
            ),
        },
    }


def native_requests(events: int, batch: int, digest: str, key: str, seed: int) -> list[bytes]:
    """Whole HTTP requests, ready to be written to a socket."""
    chance = random.Random(seed)
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    requests = []
    for _ in range(events // batch):
        # A client sends what one instance recorded.
        instance = any_instance(chance)
        items = [event(chance, at, instance) for _ in range(batch)]
        body = {"manifest": digest, "items": items}
        requests.append(_request("/v1/telemetry", json.dumps(body).encode(), f"Bearer {key}"))
    return requests


def segment_requests(events: int, batch: int, authorization: str, seed: int) -> list[bytes]:
    """The same events in Segment's format, for any server that speaks it."""
    chance = random.Random(seed)
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    requests = []
    for _ in range(events // batch):
        messages = []
        instance = any_instance(chance)
        for _ in range(batch):
            one = event(chance, at, instance)
            messages.append(
                {
                    "type": "track",
                    "event": "job_finished",
                    "messageId": one["id"],
                    "timestamp": at,
                    "userId": one["instance"],
                    "anonymousId": None,
                    "context": {"app": {"version": one["version"]}},
                    "properties": one["fields"],
                }
            )
        body = json.dumps({"batch": messages, "sentAt": at}).encode()
        requests.append(_request("/v1/batch", body, authorization))
    return requests


def _request(path: str, body: bytes, authorization: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True, slots=True)
class Sent:
    """What a load cost as seen from outside."""

    seconds: float
    latencies: Sequence[float]
    failures: int

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return statistics.quantiles(self.latencies, n=1000)[int(share * 1000) - 1] * 1000


def send(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Sent:
    """Send all requests over so many connections, each waiting for its answer."""
    latencies: list[float] = []
    failures: list[int] = []

    def client(mine: Sequence[bytes]) -> None:
        with socket.create_connection(address) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for request in mine:
                start = time.perf_counter()
                connection.sendall(request)
                if not _answered(connection):
                    failures.append(1)
                latencies.append(time.perf_counter() - start)

    start = time.perf_counter()
    _run([partial(client, requests[n::connections]) for n in range(connections)])
    return Sent(time.perf_counter() - start, latencies, len(failures))


def _run(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _answered(connection: socket.socket) -> bool:
    """Read one response; whether it was a success."""
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head.startswith(b"HTTP/1.1 200") and b"rejected" not in body


def cpu_seconds(pid: int) -> float:
    """User and system time that a process and its children have used, all their threads."""
    return _cpu_seconds(pid) + sum(map(_cpu_seconds, children(pid)))


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> float:
    """Most memory that a process has had, in MB."""
    with open(f"/proc/{pid}/status") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
