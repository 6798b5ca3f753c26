"""What ingesting costs: to the durable acknowledgement, and the whole way to a queryable row.

CPU-seconds are the server process's own, per million events; they hold on a busy machine, where
events per second and latencies are what the other tenants leave. The yardstick is Python's own
`json.loads` of the same bodies, alone on the machine: compare ratios, for cores change their speed.
"""

import argparse
import base64
import json
import tempfile
import time
from pathlib import Path

from bench.load import Sent, cpu_seconds, native_requests, peak_memory, segment_requests, send
from bench.server import Server, running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="in batches of 100")
    parser.add_argument("--single", type=int, default=20_000, help="in requests of their own")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--collectors", type=int, default=1, help="processes of the server")
    options = parser.parse_args()
    print(f"{options.connections} connections; server and sender share this machine's cores")
    print(f"{'':34}{'events/s':>10}{'CPU-s/M':>9}{'p50 ms':>8}{'p99 ms':>8}")
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        _to_acknowledgement(data, options)
        _whole_way(data, options)


def _to_acknowledgement(data: Path, options: argparse.Namespace) -> None:
    """With the loader asleep, what is left is receiving, checking and the journal."""
    with running(data / "ack", load_every="3600", collectors=str(options.collectors)) as server:
        native = native_requests(options.events, 100, server.digest, server.key, 1)
        print(f"{'yardstick: json.loads':34}{'':>10}{_yardstick(native[:200]):>9.2f}")
        size = sum(map(len, native)) / options.events
        send(server.address, native[:20], options.connections)  # warm up
        _measure(server, f"native, 100 a request, {size:.0f} B", native[20:], 100, options)
        basic = "Basic " + base64.b64encode(f"{server.key}:".encode()).decode()
        segment = segment_requests(options.events // 2, 100, basic, 2)
        _measure(server, "segment, 100 a request", segment, 100, options)
        single = native_requests(options.single, 1, server.digest, server.key, 3)
        _measure(server, "native, 1 a request", single, 1, options)


def _yardstick(requests: list[bytes]) -> float:
    """CPU-seconds that `json.loads` takes for a million of these events; best of five."""
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests]
    costs = []
    for _ in range(5):
        start = time.process_time()
        for body in bodies:
            json.loads(body)
        costs.append(time.process_time() - start)
    return min(costs) / len(bodies) / 100 * 1e6


def _whole_way(data: Path, options: argparse.Namespace) -> None:
    with running(data / "way", collectors=str(options.collectors)) as server:
        requests = native_requests(options.events, 100, server.digest, server.key, 4)
        events = len(requests) * 100
        before = cpu_seconds(server.pid)
        sent = send(server.address, requests, options.connections)
        behind = server.wait_until_stored(events)
        cost = (cpu_seconds(server.pid) - before) / events * 1e6
        _print("native, to the queryable row", sent, events, cost)
        peak = peak_memory(server.pid)
        print(f"stored {behind:.2f} s after the last acknowledgement; peak {peak:.0f} MB")
    store = data / "way" / "store"
    rows = (store / "glasshouse.duckdb").stat().st_size / events
    keys = sum(p.stat().st_size for p in (store / "keys").iterdir()) / events
    print(f"stored bytes an event: {rows:.1f}, and {keys:.1f} of keys that tell repeats")


def _measure(
    server: Server, name: str, requests: list[bytes], batch: int, options: argparse.Namespace
) -> None:
    before = cpu_seconds(server.pid)
    sent = send(server.address, requests, options.connections)
    events = len(requests) * batch
    _print(name, sent, events, (cpu_seconds(server.pid) - before) / events * 1e6)


def _print(name: str, sent: Sent, events: int, cost: float) -> None:
    if sent.failures:
        raise SystemExit(f"{name}: {sent.failures} requests were not accepted whole")
    print(
        f"{name:34}{events / sent.seconds:>10.0f}{cost:>9.2f}"
        f"{sent.percentile(0.5):>8.1f}{sent.percentile(0.99):>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
