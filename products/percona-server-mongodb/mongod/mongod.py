"""Stands in for mongod, and as `mongos` for the router: stores nothing, tells its daily metrics.

It never waits, fails or prints because of them, and it opens no connection: glasshouse-agent sends.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Run as `python mongod/mongod.py`, so its other files are found beside this one.
import metrics
from release import VERSION
from schedule import GRACE, INTERVAL, keep_schedule, read_schedule

TICK = 1.0  # seconds between looks at the clock
EXAMPLE = """
Example:
  mongod --dbpath /data/db --setParameter perconaTelemetry=false
"""


class Database:
    """One process, from its start to its end."""

    def __init__(self, options: argparse.Namespace, environment: Mapping[str, str]) -> None:
        self._options = options
        self._environment = environment
        self._parameters = dict(pair.partition("=")[::2] for pair in options.setParameter)
        self._places = metrics.Places(options.manifest, options.installation, options.drop)
        self._version: str = options.pretend or VERSION

    def run(self, stop: threading.Event, clock: Callable[[], float]) -> None:
        started = clock()
        if not metrics.carries_metrics(self._version):
            stop.wait()
            return
        grace = self._seconds("perconaTelemetryGracePeriod", GRACE)
        interval = self._seconds("perconaTelemetryScrapeInterval", INTERVAL)
        schedule = read_schedule(self._options.dbpath, int(started), grace)
        keep_schedule(self._options.dbpath, schedule)
        while not stop.is_set():
            now = int(clock())
            if not schedule.is_due(now, interval):
                stop.wait(TICK)
                continue
            name = f"{now}-{schedule.instance}.json"
            fields = self._fields(schedule.instance, now - int(started))
            if self._is_on() and metrics.leave(self._places, name, fields):
                schedule.left(name, now, interval)
            else:
                schedule.next = now + interval
            metrics.take_back(self._places, schedule.outdated(now))
            keep_schedule(self._options.dbpath, schedule)

    def _is_on(self) -> bool:
        return metrics.is_on(self._places, self._environment, self._parameters)

    def _fields(self, instance: str, uptime: int) -> dict[str, object]:
        """What the manifest declares; a router has no storage and no replica state."""
        in_container = bool(self._environment.get("FULL_PERCONA_VERSION"))
        told: dict[str, object] = {
            "source": self._options.source,
            "pillar_version": self._version,
            "db_instance_id": instance,
            "deployment": "DOCKER" if in_container else "PACKAGE",
            "uptime": uptime,
        }
        if self._options.source == "mongos":
            return told
        return told | {
            "storage_engine": self._options.storageEngine,
            "replication_state": "PRIMARY",
            "shard_svr": self._options.shardsvr,
            "config_svr": self._options.configsvr,
        }

    def _seconds(self, parameter: str, otherwise: int) -> int:
        value = self._parameters.get(parameter, "")
        return int(value) if value.isdigit() else otherwise


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    options = _parser().parse_args(arguments)
    if not options.dbpath.is_dir():
        print(f"mongod: found no directory {options.dbpath}; make it first", file=sys.stderr)
        return 100
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Database(options, environment).run(stop, time.time)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mongod",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = "mongos" if Path(sys.argv[0]).name == "mongos" else "mongod"
    parser.add_argument("--version", action="version", version=f"db version v{VERSION}")
    parser.add_argument("--dbpath", type=Path, default=Path("/data/db"), help="its directory")
    parser.add_argument("--storageEngine", default="wiredTiger", choices=("wiredTiger", "inMemory"))
    parser.add_argument("--shardsvr", action="store_true", help="one shard of a cluster")
    parser.add_argument("--configsvr", action="store_true", help="holds a cluster's configuration")
    parser.add_argument(
        "--setParameter", action="append", default=[], metavar="NAME=VALUE",
        help="perconaTelemetry=false turns the daily metrics off; perconaTelemetryGracePeriod, "
        "perconaTelemetryScrapeInterval in seconds",
    )  # fmt: skip
    parser.add_argument("--source", default=source, choices=("mongod", "mongos"), help="what it is")
    parser.add_argument("--pretend", metavar="VERSION", help="be of another version, for a trial")
    products = Path("/etc/glasshouse/products")
    parser.add_argument("--manifest", type=Path, default=products / "psmdb.json")
    parser.add_argument("--installation", type=Path, default=products)
    parser.add_argument("--drop", type=Path, default=Path("/var/spool/glasshouse/psmdb"))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)
