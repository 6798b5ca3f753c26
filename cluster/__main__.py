"""`make cluster`: a whole cluster on this machine, with a load, until Ctrl-C."""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

from clickhouse_driver import Client

from cluster.clickhouse import PASSWORD, USER
from cluster.load import Load
from cluster.packages import exit_without_packages
from cluster.process import started
from cluster.whole import PRODUCT, WholeCluster

LOOK_SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cluster",
        description="3 NATS, 2 x 2 ClickHouse with ZooKeeper, collectors, loaders and a console on "
        "this machine, and a load of events. Ctrl-C stops all of it.",
        epilog="example: python -m cluster --seconds 30 --pause 0.1",
    )
    parser.add_argument("--collectors", type=int, default=2)
    parser.add_argument("--loaders", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20.0, help="of load; default 20")
    parser.add_argument("--pause", type=float, default=0.2, help="of a client between requests")
    parser.add_argument("--directory", type=Path, help="where all of it lives; kept if given")
    parser.add_argument("--leave", action="store_true", help="end after the load")
    options = parser.parse_args()
    exit_without_packages()
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or Path(temporary)
        sizes = {"collectors": options.collectors, "loaders": options.loaders}
        print(
            "starting 3 NATS, 2 x 2 ClickHouse, ZooKeeper, and Glasshouse's processes", flush=True
        )
        cluster = WholeCluster(directory, **sizes)
        with contextlib.suppress(KeyboardInterrupt), started(cluster):
            show(cluster)
            send(cluster, options.seconds, options.pause)
            if not options.leave:
                print(f"\nconsole: {cluster.console.url} until Ctrl-C", flush=True)
                while True:
                    time.sleep(3600)


def show(cluster: WholeCluster) -> None:
    """Where everything is."""
    for node in cluster.nats.nodes.values():
        print(f"  NATS {node.name:12} {node.address}")
    for server in cluster.clickhouse.nodes.values():
        print(f"  ClickHouse {server.name:6} {server.address}")
    for role in cluster.roles:
        print(f"  {role.name:17} {role.url}")


def send(cluster: WholeCluster, seconds: float, pause: float) -> None:
    """A load, with what became of it."""
    load = Load([each.port for each in cluster.collectors], cluster.register(), pause=pause)
    load.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
        told(cluster, load)
    load.stop()
    cluster.wait_until_loaded(load.acknowledged)
    told(cluster, load)
    ((instances,),) = _asked(
        cluster, f"select uniqExact(instance) from glasshouse_{PRODUCT}.`event.job_finished`"
    )
    print(
        f"{instances:,} instances. This ClickHouse ({_asked(cluster, 'select version()')[0][0]}) "
        "answers counts; questions of the console that need newer words of SQL say so."
    )


def told(cluster: WholeCluster, load: Load) -> None:
    account = cluster.account()
    print(
        f"acknowledged {load.acknowledged:>9,}   received {account.get('received', 0):>9,}   "
        f"stored {account.get('stored', 0):>9,}   waiting {account.get('waiting', 0):>7,}   "
        f"difference {account.get('difference', 0)}",
        flush=True,
    )


def _asked(cluster: WholeCluster, query: str) -> list[tuple[object, ...]]:
    node = next(iter(cluster.clickhouse.nodes.values()))
    client = Client("127.0.0.1", node.port, user=USER, password=PASSWORD)
    try:
        rows: list[tuple[object, ...]] = client.execute(query)
        return rows
    finally:
        client.disconnect()


if __name__ == "__main__":
    main()
