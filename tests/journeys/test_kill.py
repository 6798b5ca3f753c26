"""What was acknowledged is in the store exactly once, however often the server is killed."""

import http.client
import json
import os
import queue
import random
import signal
import threading
import time
from datetime import UTC, datetime

from bench.load import event
from bench.server import Server, free_port, running

EVENTS = 50_000
BATCH = 50
SENDERS = 4


def batches(digest: str) -> list[bytes]:
    """Every event carries its own number in a declared field, so that each can be found again."""
    chance = random.Random(7)
    at = datetime.now(UTC).isoformat()
    bodies = []
    for first in range(0, EVENTS, BATCH):
        items = [event(chance, at) for _ in range(BATCH)]
        for number, item in enumerate(items, first):
            item["fields"]["artifacts_bytes"] = number
        bodies.append(json.dumps({"manifest": digest, "items": items}).encode())
    return bodies


class Senders:
    """Clients that send each batch again until a receipt for every item has come back."""

    def __init__(self, port: int, key: str, bodies: list[bytes]) -> None:
        self.waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        for body in bodies:
            self.waiting.put(body)
        self.sent_again = 0
        self.stop = threading.Event()
        self._port, self._key = port, key
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                body = self.waiting.get_nowait()
            except queue.Empty:
                return
            while not self.stop.is_set() and not self._acknowledged(body):
                self.sent_again += 1
                time.sleep(0.05)

    def _acknowledged(self, body: bytes) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            headers = {"Authorization": f"Bearer {self._key}"}
            connection.request("POST", "/v1/telemetry", body, headers)
            answer = connection.getresponse()
            receipts = json.loads(answer.read())["receipts"]
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        assert [receipt["outcome"] for receipt in receipts] == ["accepted"] * BATCH
        return True


def wait_for_fewer(senders: Senders, batches_left: int) -> None:
    while senders.waiting.qsize() > batches_left:
        time.sleep(0.005)


def expect_each_once(server: Server) -> None:
    server.wait_until_stored(EVENTS, seconds=120)
    (row,) = server.sql(
        "select count(*) as items, count(distinct fields.artifacts_bytes) as numbers, "
        "min(fields.artifacts_bytes) as first, max(fields.artifacts_bytes) as last "
        "from bench.event_job_finished"
    )
    assert row == {"items": EVENTS, "numbers": EVENTS, "first": 0, "last": EVENTS - 1}
    account = server.get("/health/accounting")
    assert account["difference"] == 0
    door = account["products"]["bench"]["native"]
    assert (door["stored"], door["waiting"]) == (EVENTS, 0)
    assert door["received"] == EVENTS + door["duplicate"]


def test_kill_9_during_50_000_events_loses_nothing_and_counts_nothing_twice(tmp_path):
    port = free_port()
    with running(tmp_path, port) as server:
        senders = Senders(port, server.key, batches(server.digest))
    try:
        for left in (800, 500, 200):
            with running(tmp_path, port) as server:
                wait_for_fewer(senders, left)
                os.kill(server.pid, signal.SIGKILL)
        with running(tmp_path, port) as server:
            for thread in senders.threads:
                thread.join(120)
            assert senders.sent_again >= 3, "the kills came while requests were under way"
            expect_each_once(server)
    finally:
        senders.stop.set()
