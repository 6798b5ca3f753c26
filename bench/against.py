"""The same load to this server and to another one, given its address; the ratio of what they take.

    python -m bench.against --format segment --url http://127.0.0.1:9000 --key WRITE_KEY
    python -m bench.against --format umami --url http://127.0.0.1:3000 --key WEBSITE_ID --pid 4711

Both are sent to by the same plain HTTP client over as many connections, one after the other, three
rounds each; the median counts. The other server is as whoever runs it has set it up; with `--pid`
the processor time of it and its children is told too. An answer other than 2xx ends the run: a
server that refuses is no comparison.
"""

import argparse
import base64
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.load import cpu_seconds, event
from bench.server import Server, running

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted, and how many events it holds."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    events: int


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and how it is written to. `write` makes a request of so many events or views."""

    name: str
    address: str
    pid: int | None
    write: Callable[[Sequence[Mapping[str, Any]]], Request]


@dataclass(frozen=True, slots=True)
class Load:
    name: str
    make: Callable[[random.Random], dict[str, Any]]
    batch: int


def an_event(chance: random.Random) -> dict[str, Any]:
    return event(chance, datetime.now(UTC).isoformat().replace("+00:00", "Z"))


def a_view(chance: random.Random) -> dict[str, Any]:
    fields = {
        "path": chance.choice(("/", "/nodes", "/nodes/:name", "/reports", "/settings")),
        "language": chance.choice(("en-GB", "de-DE", "ja-JP")),
        "screen": chance.choice(("1920x1080", "1440x900", "390x844")),
    }
    return {**an_event(chance), "item": "event.page_viewed", "fields": fields}


LOADS = (
    Load("page views, 1 a request", a_view, 1),
    Load("events, 1 a request", an_event, 1),
    Load("events, 100 a request", an_event, 100),
)


def native(server: Server) -> Target:
    def write(items: Sequence[Mapping[str, Any]]) -> Request:
        body = json.dumps({"manifest": server.digest, "items": items}).encode()
        return Request("/v1/telemetry", body, {"authorization": f"Bearer {server.key}"}, len(items))

    host, port = server.address
    return Target("this server", f"http://{host}:{port}", server.pid, write)


def segment(url: str, key: str, pid: int | None) -> Target:
    basic = {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}

    def write(items: Sequence[Mapping[str, Any]]) -> Request:
        messages = [
            {
                "type": "track",
                "event": item["item"].partition(".")[2],
                "messageId": item["id"],
                "timestamp": item["at"],
                "userId": item["instance"],
                "context": {"app": {"version": item["version"]}},
                "properties": item["fields"],
            }
            for item in items
        ]
        return Request("/v1/batch", json.dumps({"batch": messages}).encode(), basic, len(items))

    return Target(url, url, pid, write)


def umami(url: str, key: str, pid: int | None) -> Target:
    """`/api/send` for one, `/api/batch` for several. A name makes a view an event."""

    def write(items: Sequence[Mapping[str, Any]]) -> Request:
        sent = [{"type": "event", "payload": payload(item)} for item in items]
        path, body = ("/api/send", sent[0]) if len(sent) == 1 else ("/api/batch", sent)
        return Request(path, json.dumps(body).encode(), {}, len(items))

    def payload(item: Mapping[str, Any]) -> dict[str, Any]:
        fields, common = item["fields"], {"website": key, "hostname": "console.example"}
        if item["item"] == "event.page_viewed":
            return {**common, "url": fields["path"], "title": "", "referrer": "", **fields}
        name = item["item"].partition(".")[2]
        return {**common, "url": "/", "title": "", "referrer": "", "name": name, "data": fields}

    return Target(url, url, pid, write)


FORMATS = {"segment": segment, "umami": umami}


def send(target: Target, requests: Sequence[Request], connections: int) -> tuple[float, float]:
    """Seconds by the clock, and of the target's processor (0 where it is not known)."""
    failures: list[str] = []

    def client(mine: Sequence[Request]) -> None:
        parts = urllib.parse.urlsplit(target.address)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(parts.netloc, timeout=60)
        for request in mine:
            headers = {
                "content-type": "application/json", "user-agent": AGENT, **request.headers
            }  # fmt: skip
            connection.request("POST", request.path, request.body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status >= 300 or b'"rejected"' in said:
                failures.append(f"{request.path}: {answer.status} {said[:200]!r}")
                return
        connection.close()

    threads = [
        threading.Thread(target=client, args=(requests[n::connections],))
        for n in range(connections)
    ]
    before = cpu_seconds(target.pid) if target.pid else 0.0
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if failures:
        raise SystemExit(f"{target.name} did not take the load: {failures[0]}")
    return seconds, (cpu_seconds(target.pid) if target.pid else 0.0) - before


def measure(target: Target, load: Load, events: int, connections: int) -> tuple[float, float]:
    """Events a second, and CPU-seconds a million; medians of some rounds."""
    rates, costs = [], []
    for number in range(ROUNDS):
        chance = random.Random(f"{target.name} {load.name} {number}")
        requests = [
            target.write([load.make(chance) for _ in range(load.batch)])
            for _ in range(max(events // load.batch, connections))
        ]
        sent = sum(request.events for request in requests)
        seconds, cpu = send(target, requests, connections)
        rates.append(sent / seconds)
        costs.append(cpu / sent * 1e6)
    return statistics.median(rates), statistics.median(costs)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.against",
        description="The same load to this server and to another one.",
        epilog="Example: python -m bench.against --format umami --url http://127.0.0.1:3000 "
        "--key 11111111-2222-3333-4444-555555555555",
    )
    parser.add_argument("--format", choices=tuple(FORMATS), required=True)
    parser.add_argument("--url", required=True, help="where the other server listens")
    parser.add_argument("--key", required=True, help="its write key, or the id of its website")
    parser.add_argument("--pid", type=int, help="its process, to tell what processor time it takes")
    parser.add_argument("--events", type=int, default=2000, help="of each load and round")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    other = FORMATS[options.format](options.url.rstrip("/"), options.key, options.pid)
    with tempfile.TemporaryDirectory() as directory, running(Path(directory) / "data") as server:
        print(f"{options.connections} connections, {options.events} events, {ROUNDS} rounds each")
        print(f"{'':26}{'events/s':>22}{'ratio':>8}{'CPU-s/M':>20}")
        print(f"{'':26}{'here':>11}{'there':>11}{'':>8}{'here':>10}{'there':>10}")
        for load in LOADS:
            here, cost = measure(native(server), load, options.events, options.connections)
            there, other_cost = measure(other, load, options.events, options.connections)
            told = f"{other_cost:>10.1f}" if options.pid else f"{'-':>10}"
            print(
                f"{load.name:26}{here:>11.0f}{there:>11.0f}{here / there:>8.1f}{cost:>10.1f}{told}",
                flush=True,
            )


if __name__ == "__main__":
    main()
