"""`python -m cluster.measures`: what a million events cost, by part, with 1, 2 and 4 of a role.

CPU-seconds are those of each process, from /proc, less what the same processes take when nothing is
sent; on a machine of few cores the shape matters: no part may cost more an event because there are
more of another. So all sizes are sent the same number of events a second, fewer than the machine
can take: beyond that each loader finds fewer events whenever it looks, which is its share of the
machine and no cost of its number (`--rate 0` shows it). Sizes take turns, and medians are compared.

Two things would be taken for costs of the number. More processes on the same cores have less of the
caches each: the clients, whose work is the same whatever answers them, are a column of their own
that shows by how much. And ext4 without a journal, as virtual machines have it, looks for an inode
among all those that were deleted in the last half minute: three quarters of ClickHouse's seconds,
as many as there were deleted by the last size. So the servers' files are in memory here.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.load import cpu_seconds

from cluster.load import BATCH, Load
from cluster.packages import exit_without_packages
from cluster.process import started
from cluster.whole import WholeCluster

PARTS = ("clients", "collectors", "loaders", "console", "NATS", "ClickHouse", "ZooKeeper")
IN_MEMORY = Path("/dev/shm")
WARM_UP = 2_000
CLIENTS = 4
IDLE_SECONDS = 10.0
LEAST = 1.0  # CPU-seconds a million, below which a ratio says nothing


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cluster.measures",
        description="CPU-seconds per million events by part, with 1, 2 and 4 collectors, loaders.",
        epilog="example: python -m cluster.measures --events 50000 --sizes 1 2 --repeat 1",
    )
    parser.add_argument("--events", type=int, default=60_000, help="of each run")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rate", type=int, default=2_000, help="events a second; 0: all at once")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each size")
    parser.add_argument(
        "--directory",
        type=Path,
        default=IN_MEMORY if IN_MEMORY.is_dir() else None,
        help="where the servers keep their files meanwhile (default: in memory)",
    )
    options = parser.parse_args()
    exit_without_packages()
    head = "".join(f"{part:>12}" for part in PARTS)
    print(f"CPU-seconds per million events\n{'each':>6}{'events/s':>10}{head}{'all':>10}")
    runs: dict[int, list[Mapping[str, float]]] = defaultdict(list)
    for _ in range(options.repeat):
        for size in options.sizes:
            with tempfile.TemporaryDirectory(dir=options.directory) as directory:
                runs[size].append(measure(Path(directory), size, options.events, options.rate))
    tell(options.sizes, runs)


def tell(sizes: Sequence[int], runs: Mapping[int, Sequence[Mapping[str, float]]]) -> None:
    """Medians, and how many times those of the first size the last size's are."""
    print("medians")
    medians = {
        size: {part: statistics.median(run[part] for run in runs[size]) for part in PARTS}
        for size in sizes
    }
    for size, costs in medians.items():
        print(f"{size:>6}{'':>10}{_columns(costs)}")
    first, last = medians[sizes[0]], medians[sizes[-1]]
    ratios = "".join(
        f"{last[part] / first[part]:>12.2f}" if first[part] >= LEAST else f"{'':>12}"
        for part in PARTS
    )
    print(f"{'ratio':>6}{'':>10}{ratios}{sum(last.values()) / sum(first.values()):>10.2f}")


def _columns(costs: Mapping[str, float]) -> str:
    return "".join(f"{costs[part]:>12.1f}" for part in PARTS) + f"{sum(costs.values()):>10.1f}"


def measure(directory: Path, size: int, events: int, rate: int) -> Mapping[str, float]:
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
        sending = time.monotonic() - start
        cluster.wait_until_loaded(warm.acknowledged + load.acknowledged)
        seconds, after = time.monotonic() - start, spent(cluster)
        costs = {
            part: (after[part] - before[part] - idle[part] * seconds) / load.acknowledged * 1e6
            for part in PARTS
        }
        sent = load.acknowledged / sending
        print(f"{size:>6}{sent:>10,.0f}{_columns(costs)}", flush=True)
        shares = "".join(f"{idle[part]:>12.1%}" for part in PARTS)
        print(f"{'idle':>6}{'':>10}{shares}{sum(idle.values()):>10.1%}", flush=True)
        return costs


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
    servers = {part: sum(cpu_seconds(pid) for pid in pids if pid) for part, pids in groups.items()}
    return {"clients": time.process_time(), **servers}


if __name__ == "__main__":
    main()
