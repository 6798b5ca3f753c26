"""`python -m cluster.measures`: what a million events cost, by part, with 1, 2 and 4 of a role.

CPU-seconds are those of each process, from /proc, less what the same processes take when nothing is
sent; on a machine of few cores the shape matters: no part may cost more an event because there are
more of another. So all sizes are sent the same number of events a second, fewer than the machine
can take: beyond that each loader finds fewer events whenever it looks, which is its share of the
machine and no cost of its number (`--rate 0` shows it).
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.load import cpu_seconds

from cluster.load import BATCH, Load
from cluster.packages import exit_without_packages
from cluster.process import started
from cluster.whole import WholeCluster

PARTS = ("collectors", "loaders", "console", "NATS", "ClickHouse", "ZooKeeper")
WARM_UP = 2_000
CLIENTS = 4
IDLE_SECONDS = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cluster.measures",
        description="CPU-seconds per million events by part, with 1, 2 and 4 collectors, loaders.",
        epilog="example: python -m cluster.measures --events 50000 --sizes 1 2",
    )
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rate", type=int, default=2_000, help="events a second; 0: all at once")
    options = parser.parse_args()
    exit_without_packages()
    head = "".join(f"{part:>12}" for part in PARTS)
    print(f"CPU-seconds per million events\n{'each':>4}{'events/s':>10}{head}{'all':>10}")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as directory:
            measure(Path(directory), size, options.events, options.rate)


def measure(directory: Path, size: int, events: int, rate: int) -> None:
    """One line: from the first request until all is in the store, on both replicas."""
    cluster = WholeCluster(directory, collectors=size, loaders=size)
    with started(cluster):
        product = cluster.register()
        ports = [each.port for each in cluster.collectors]
        warm = Load(ports, product)
        warm.send(WARM_UP)
        cluster.wait_until_loaded(warm.acknowledged)
        idle = idling(cluster)
        before, start = spent(cluster), time.monotonic()
        pause = CLIENTS * BATCH / rate if rate else 0.0
        load = Load(ports, product, CLIENTS, pause=pause, first=warm.numbers)
        load.send(events)
        cluster.wait_until_loaded(warm.acknowledged + load.acknowledged)
        seconds, after = time.monotonic() - start, spent(cluster)
        costs = {
            part: (after[part] - before[part] - idle[part] * seconds) / load.acknowledged * 1e6
            for part in PARTS
        }
        columns = "".join(f"{costs[part]:>12.1f}" for part in PARTS)
        sent = load.acknowledged / seconds
        print(f"{size:>4}{sent:>10,.0f}{columns}{sum(costs.values()):>10.1f}", flush=True)
        shares = "".join(f"{idle[part]:>12.1%}" for part in PARTS)
        print(f"{'':>4}{'idle':>10}{shares}{sum(idle.values()):>10.1%}", flush=True)


def idling(cluster: WholeCluster) -> Mapping[str, float]:
    """The share of a core that each part takes when nothing is sent."""
    before, start = spent(cluster), time.monotonic()
    time.sleep(IDLE_SECONDS)
    after, seconds = spent(cluster), time.monotonic() - start
    return {part: (after[part] - before[part]) / seconds for part in PARTS}


def spent(cluster: WholeCluster) -> Mapping[str, float]:
    """CPU-seconds of all processes of each part since they were started."""
    groups = {
        "collectors": [each.pid for each in cluster.collectors],
        "loaders": [each.pid for each in cluster.loaders],
        "console": [each.pid for each in cluster.consoles],
        "NATS": [node.pid for node in cluster.nats.nodes.values()],
        "ClickHouse": [node.pid for node in cluster.clickhouse.nodes.values()],
        "ZooKeeper": [cluster.clickhouse.zookeeper.pid],
    }
    return {part: sum(cpu_seconds(pid) for pid in pids if pid) for part, pids in groups.items()}


if __name__ == "__main__":
    main()
