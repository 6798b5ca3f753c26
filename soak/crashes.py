"""Kills a server, or cuts its power, again and again during a load; then counts.

Of every event that was acknowledged: in the store once. Of every event that was not: sent again,
as a client would, and in the store once in the end. Each event carries its own number.
"""

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.load import event
from bench.server import PROGRAM, Server, running

from soak.disks import KINDS, Disk

BATCH = 20
SENDERS = 4


@dataclass(slots=True)
class Ledger:
    """What the clients know: which numbers were acknowledged, and which wait to be sent again."""

    next_number: int = 0
    waiting: list[list[dict[str, object]]] = field(default_factory=list)
    acknowledged: int = 0
    sent_again: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, chance: random.Random) -> list[dict[str, object]]:
        """A batch that was not acknowledged before, or a new one."""
        with self.lock:
            if self.waiting:
                self.sent_again += 1
                return self.waiting.pop()
            first = self.next_number
            self.next_number += BATCH
        at = datetime.now(UTC).isoformat()
        items = [event(chance, at) for _ in range(BATCH)]
        for number, item in enumerate(items, first):
            item["fields"]["artifacts_bytes"] = number  # type: ignore[index]
        return items

    def settle(self, items: list[dict[str, object]], *, acknowledged: bool) -> None:
        with self.lock:
            if acknowledged:
                self.acknowledged += BATCH
            else:
                self.waiting.append(items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(KINDS), default="kill")
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"{options.cycles} cycles of '{options.kind}', seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        disk = KINDS[options.kind](Path(home))
        try:
            ledger = crash(disk, options.cycles, random.Random(options.seed), show=_progress)
        finally:
            disk.free()
    print(
        f"\n{options.cycles} cycles: {ledger.acknowledged} acknowledged, 0 lost, 0 counted twice; "
        f"{ledger.sent_again} batches sent again"
    )


def crash(
    disk: Disk,
    cycles: int,
    chance: random.Random,
    *,
    show: Callable[[int, int, Ledger], None] | None = None,
    clients_seconds: float = 0.6,
    program: Sequence[str] = PROGRAM,
    victim: Callable[[Server], int] = lambda server: server.pid,
    **settings: str,
) -> Ledger:
    """Run so many lives and check after each. Raises AssertionError with what is wrong.

    `victim` is the process that a kill hits, `settings` are the server's, as
    `bench.server.running` takes them.
    """
    ledger = Ledger()
    for cycle in range(cycles):
        with running(disk.mount(), 0, program, (), None, **settings) as server:
            check(server, ledger)
            _live(server, ledger, chance, chance.uniform(0.05, clients_seconds), victim)
        disk.cut()
        if show is not None:
            show(cycle + 1, cycles, ledger)
    with running(disk.mount()) as server:
        while ledger.waiting:
            batch = ledger.take(chance)
            ledger.settle(batch, acknowledged=acknowledged(server, batch))
        check(server, ledger)
        (row,) = server.sql("select count(*) as items from bench.event_job_finished")
        assert row["items"] == ledger.next_number, (row, ledger.next_number)
    return ledger


def check(server: Server, ledger: Ledger) -> None:
    """Every acknowledged event is there once, no event is there twice, the accounting adds up."""
    while (account := server.get("/health/accounting")) and _waiting(account):
        time.sleep(0.02)
    assert account["difference"] == 0, account
    unsure = {int(item["fields"]["artifacts_bytes"]) for b in ledger.waiting for item in b}  # type: ignore[index]
    (row,) = server.sql(
        "select count(*) as items, count(distinct fields.artifacts_bytes) as numbers "
        "from bench.event_job_finished"
    )
    assert row["items"] == row["numbers"], f"counted twice: {row}"
    listed = ", ".join(map(str, unsure)) or "-1"
    (sure,) = server.sql(
        "select count(*) as items from bench.event_job_finished "
        f"where fields.artifacts_bytes not in ({listed})"
    )
    assert sure["items"] == ledger.acknowledged, (
        f"{ledger.acknowledged} acknowledged, {sure} stored"
    )


def _waiting(account: dict[str, dict[str, dict[str, dict[str, int]]]]) -> bool:
    return any(door["waiting"] for doors in account["products"].values() for door in doors.values())


def _live(
    server: Server,
    ledger: Ledger,
    chance: random.Random,
    seconds: float,
    victim: Callable[[Server], int],
) -> None:
    """Clients send until the server is killed under them."""
    stop = threading.Event()

    def client(seed: int) -> None:
        mine = random.Random(seed)
        while not stop.is_set():
            batch = ledger.take(mine)
            ledger.settle(batch, acknowledged=acknowledged(server, batch))

    threads = [
        threading.Thread(target=client, args=(chance.getrandbits(32),)) for _ in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    os.kill(victim(server), signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()


def acknowledged(server: Server, items: list[dict[str, object]]) -> bool:
    """Whether the server sent a receipt for every item. Each must be an acceptance."""
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    try:
        body = json.dumps({"manifest": server.digest, "items": items})
        headers = {"Authorization": f"Bearer {server.key}"}
        connection.request("POST", "/v1/telemetry", body, headers)
        answer = connection.getresponse()
        receipts = json.loads(answer.read())["receipts"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        connection.close()
    assert [receipt["outcome"] for receipt in receipts] == ["accepted"] * len(items)
    return True


def _progress(cycle: int, cycles: int, ledger: Ledger) -> None:
    sys.stdout.write(f"\r{cycle}/{cycles} cycles, {ledger.acknowledged} acknowledged")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
