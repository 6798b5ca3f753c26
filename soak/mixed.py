"""Mixed traffic from all doors, with restarts in between: `python -m soak.mixed --minutes 30`.

Clients of every wire format send right items, wrong ones, and right ones again, in no order, while
the server is stopped in order, killed, and started with one collector or with two. In the end the
accounting has the difference 0, and every right item, each with an instance of its own, is in the
store exactly once.
"""

import argparse
import contextlib
import http.client
import itertools
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.server import Server, free_port, running

from glasshouse.catalogue import Catalogue
from glasshouse.cli.manifest import composed_source
from soak.fuzz_doors import ROOT, samples
from soak.mutations import Sample, worsened
from soak.right_requests import DOORS, MARK, Making, Request

MANIFESTS = (
    *sorted((ROOT / "server/tests/collector/manifests").glob("*.toml")),
    ROOT / "products/percona-server-mongodb/manifest.toml",
)
SENDERS = 4
AGAIN = 0.2  # of requests that were acknowledged: sent once more
WRONG = 0.3  # of all requests


# Their clients do not repeat, so nothing tells a repeat; what is not acknowledged may be lost.
NEVER_AGAIN = frozenset(("uplink",))


@dataclass(slots=True)
class Ledger:
    """What the clients know. Requests that were not acknowledged wait to be sent again."""

    waiting: list[Request] = field(default_factory=list)
    done: list[Request] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)  # right items, by door
    lost: Counter[str] = field(default_factory=Counter)  # not acknowledged, and never sent again
    sent_again: int = 0
    wrong: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_mixed(self) -> bool:
        """Whether each kind of traffic has had its turn: on a slow machine that takes a while."""
        rare = min(self.sent_again, self.wrong // 40)
        return rare > 0 and all(self.made[door] > self.lost[door] for door in DOORS)


class Clients:
    """Threads that send to whichever server listens on the port."""

    def __init__(self, server: Server, ledger: Ledger, beginnings: list[Sample], seed: int) -> None:
        self.server = server
        self.stop = threading.Event()
        self.errors: list[str] = []
        self._ledger = ledger
        self._beginnings = beginnings
        self._numbers = itertools.count()
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed + n),), daemon=True)
            for n in range(SENDERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, chance: random.Random) -> None:
        making = Making(chance, self.server, self._numbers)
        while not self.stop.is_set():
            try:
                if chance.random() < WRONG:
                    self._send_wrong(chance)
                else:
                    self._send_right(making)
            except AssertionError as error:
                self.errors.append(str(error))

    def _send_right(self, making: Making) -> None:
        ledger, chance = self._ledger, making.chance
        request, known = None, False
        with ledger.lock:
            if ledger.done and chance.random() < AGAIN:
                request, known = chance.choice(ledger.done), True
                ledger.sent_again += 1
            elif ledger.waiting:
                request = ledger.waiting.pop(chance.randrange(len(ledger.waiting)))
        if request is None:
            sender = DOORS[chance.choice(tuple(DOORS))]
            request = sender.make(making, chance.randint(1, sender.most))
            with ledger.lock:
                ledger.made[request.door] += request.items
        acknowledged = send(self.server, request)
        with ledger.lock:
            if request.door in NEVER_AGAIN:
                ledger.lost[request.door] += 0 if acknowledged else request.items
            elif not acknowledged and not known:
                ledger.waiting.append(request)
            elif acknowledged and not known and len(ledger.done) < 5000:
                ledger.done.append(request)
        if not acknowledged:
            time.sleep(0.05)

    def _send_wrong(self, chance: random.Random) -> None:
        wire = worsened(chance.choice(self._beginnings), chance)
        path = wire.path + ("?" + wire.query.decode("latin-1") if wire.query else "")
        head = [f"{wire.method} {path} HTTP/1.1".encode("latin-1", "replace"), b"host: soak"]
        head += [name + b": " + text for name, text in wire.headers]
        if not any(name.lower() == b"content-length" for name, _ in wire.headers):
            head.append(b"content-length: " + str(len(wire.body)).encode())
        head.append(b"connection: close")
        with self._ledger.lock:
            self._ledger.wrong += 1
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self.server.address, timeout=10) as connection,
        ):
            connection.settimeout(2)
            connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + wire.body)
            answer = connection.recv(4096)
            status = answer.split(b" ", 2)[1:2]
            assert status != [b"500"], (wire.path, wire.body[:200], answer)


def send(server: Server, request: Request) -> bool:
    """Whether it was acknowledged. A right request is never refused for what it holds."""
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    try:
        connection.request(request.method, request.path, request.body, dict(request.headers))
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    if answer.status in (429, 503):
        return False
    assert answer.status == request.accepted, (request.door, answer.status, text[:300])
    assert b"rejected" not in text, (request.door, text[:300])
    return True


def soak(
    data: Path,
    seconds: float,
    seed: int,
    *,
    life: tuple[float, float] = (20.0, 60.0),
    show: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run; the findings. Raises AssertionError with what is wrong."""
    chance = random.Random(seed)
    ledger, ends = Ledger(), Counter[str]()
    end = time.monotonic() + seconds
    port, clients = free_port(), None
    ways = itertools.cycle(("stopped", "killed"))
    while True:
        collectors = chance.choice(("1", "2"))
        with running(data, port, collectors=collectors, log_format="json") as server:
            if clients is None:
                beginnings = _register(server)
                clients = Clients(server, ledger, beginnings, seed)
                clients.start()
            books = server.get("/health/accounting")
            assert books["difference"] == 0, books
            left = end - time.monotonic()
            time.sleep(max(life[0], min(left, chance.uniform(*life))))
            assert not clients.errors, clients.errors[:3]
            if time.monotonic() >= end and ends["stopped"] and ledger.is_mixed():
                clients.end()
                return _settle(server, ledger, clients, ends)
            ended = next(ways)
            ends[ended] += 1
            if ended == "killed":
                os.kill(server.pid, signal.SIGKILL)
        show(f"{left:.0f} s left, {sum(ledger.made.values())} right items, {dict(ends)}")


def _settle(
    server: Server, ledger: Ledger, clients: Clients, ends: "Counter[str]"
) -> dict[str, Any]:
    give_up = time.monotonic() + 120
    while ledger.waiting:
        assert time.monotonic() < give_up, f"{len(ledger.waiting)} requests are never taken"
        request = ledger.waiting.pop()
        if not send(server, request):
            ledger.waiting.append(request)
    assert not clients.errors, clients.errors[:3]
    while True:
        books = server.get("/health/accounting")
        doors = [door for product in books["products"].values() for door in product.values()]
        if not any(door["waiting"] for door in doors):
            break
        assert time.monotonic() < give_up, books
        time.sleep(0.1)
    assert books["difference"] == 0, books
    stored = Counter[str]()
    for name, sender in DOORS.items():
        product, table = sender.table.split(".")
        (row,) = server.sql(
            "select count(*) as items, count(distinct instance) as instances "
            f'from "{product}"."{table}" '
            f"where door = '{name}' and starts_with(instance, '{MARK}')"
        )
        assert row["items"] == row["instances"], f"{name}: counted twice: {row}"
        sure = ledger.made[name] - ledger.lost[name]
        assert sure <= row["items"] <= ledger.made[name], f"{name}: {row}, {sure} acknowledged"
        stored[name] = row["items"]
    totals = {key: sum(door[key] for door in doors) for key in ("received", "stored", "duplicate")}
    return {
        "right items, each stored once": dict(stored),
        "requests sent again": ledger.sent_again,
        "never sent again, by Uplink": ledger.lost["uplink"],
        "wrong requests": ledger.wrong,
        "ends of servers": dict(ends),
        **totals,
        "rejected": sum(sum(door["rejected"].values()) for door in doors),
        "suppressed": sum(sum(door["suppressed"].values()) for door in doors),
        "difference": books["difference"],
    }


def _register(server: Server) -> list[Sample]:
    """Register the products of all doors; requests to be made worse."""
    for manifest in MANIFESTS:
        request = urllib.request.Request(
            "http://{}:{}/api/v1/products".format(*server.address),
            data=composed_source(manifest),
            headers={"Authorization": f"Bearer {server.token}"},
        )
        with urllib.request.urlopen(request, timeout=60):
            pass
    return samples(Catalogue(server.data / "catalogue"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example:  python -m soak.mixed --minutes 30"
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"{options.minutes} minutes, seed {options.seed}", flush=True)

    def show(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as home:
        findings = soak(Path(home) / "data", options.minutes * 60, options.seed, show=show)
    for name, found in findings.items():
        print(f"{name:32}{found}")


if __name__ == "__main__":
    main()
