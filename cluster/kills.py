"""`python -m cluster.kills`: kill -9 of every part under load, in turn and then at random.

Every event has a number. In the end each that was acknowledged is in the store, once; and no client
was sent away without being told for how long.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clickhouse_driver import Client

from cluster.clickhouse import PASSWORD, USER
from cluster.load import NUMBER, Load
from cluster.packages import exit_without_packages
from cluster.process import started
from cluster.roles import RoleProcess
from cluster.whole import WholeCluster

BEFORE_SECONDS = 4.0  # of load before a kill
DOWN_SECONDS = 6.0  # that what was killed stays away
AFTER_SECONDS = 6.0
TABLE = "glasshouse_bench.`event.job_finished`"


@dataclass(frozen=True, slots=True)
class Victim:
    """Something that is killed: its name, and how it is started again."""

    name: str
    start: Callable[[], None]


Kill = Callable[[WholeCluster, random.Random], Victim]


def collector(cluster: WholeCluster, chance: random.Random) -> Victim:
    return _role(chance.choice(cluster.collectors))


def loader(cluster: WholeCluster, chance: random.Random) -> Victim:
    return _role(chance.choice(cluster.loaders))


def console(cluster: WholeCluster, chance: random.Random) -> Victim:
    return _role(chance.choice(cluster.consoles))


def nats_leader(cluster: WholeCluster, chance: random.Random) -> Victim:
    """The server that leads one of the journal's streams."""
    stream = chance.choice(cluster.journal_streams())
    node = cluster.nats.nodes[cluster.nats.leader_of(stream)]
    node.kill()
    return Victim(f"NATS {node.name}, which leads {stream}", node.start)


def clickhouse(cluster: WholeCluster, chance: random.Random) -> Victim:
    node = cluster.clickhouse.nodes[chance.choice(sorted(cluster.clickhouse.nodes))]
    node.kill()
    return Victim(f"ClickHouse {node.name}", node.start)


def zookeeper(cluster: WholeCluster, _: random.Random) -> Victim:
    cluster.clickhouse.zookeeper.kill()
    return Victim("ZooKeeper", cluster.clickhouse.zookeeper.start)


KILLS: Mapping[str, Kill] = {
    "collector": collector,
    "loader": loader,
    "nats": nats_leader,
    "clickhouse": clickhouse,
    "zookeeper": zookeeper,
    "console": console,
}


def _role(process: RoleProcess) -> Victim:
    process.kill()
    return Victim(process.name, process.start)


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the store, and in the books, of what was sent."""

    acknowledged: int
    rows: int
    numbers: int
    account: Mapping[str, int]

    @property
    def lost(self) -> int:
        return self.acknowledged - self.numbers

    @property
    def twice(self) -> int:
        return self.rows - self.numbers


def count(cluster: WholeCluster, acknowledged: int) -> Found:
    """Wait until nothing waits any more, then count."""
    account = cluster.wait_until_loaded(acknowledged)
    node = next(iter(cluster.clickhouse.nodes.values()))
    client = Client("127.0.0.1", node.port, user=USER, password=PASSWORD)
    ((rows, numbers),) = client.execute(
        f"select count(), uniqExact(`fields.{NUMBER}`) from {TABLE}"
    )
    client.disconnect()
    return Found(acknowledged, rows, numbers, account)


def run(cluster: WholeCluster, kinds: list[str], minutes: float, seed: int, clients: int) -> bool:
    """Whether all is as it has to be. First each kind in turn, then any for so many minutes."""
    chance = random.Random(seed)
    load = Load([c.port for c in cluster.collectors], cluster.register(), clients, pause=0.05)
    load.start()
    for kind in kinds:
        _once(cluster, load, kind, chance)
    end, rounds = time.monotonic() + minutes * 60, 0
    while time.monotonic() < end:
        _once(cluster, load, chance.choice(kinds), chance)
        rounds += 1
    print("no more load; every request has to come to its end", flush=True)
    load.stop()
    for role in cluster.roles:
        role.wait_until_ready()
    return report(load, count(cluster, load.acknowledged), len(kinds) + rounds)


def _once(cluster: WholeCluster, load: Load, kind: str, chance: random.Random) -> None:
    time.sleep(BEFORE_SECONDS * chance.uniform(0.5, 1.5))
    before = load.acknowledged
    victim = KILLS[kind](cluster, chance)
    time.sleep(DOWN_SECONDS * chance.uniform(0.3, 1.5))
    during = load.acknowledged - before
    victim.start()
    time.sleep(AFTER_SECONDS * chance.uniform(0.5, 1.0))
    trouble = load.trouble
    print(
        f"killed {victim.name}: {during:,} events acknowledged while it was away; {before:,} "
        f"before, {trouble.refusals} answers of 5xx and {trouble.broken} broken connections so far",
        flush=True,
    )


def report(load: Load, found: Found, kills: int) -> bool:
    trouble, account = load.trouble, found.account
    print(f"{kills} kills; {found.acknowledged:,} events acknowledged in requests of numbers")
    print(f"  {found.rows:,} rows, {found.numbers:,} different numbers")
    print(f"  lost: {found.lost}   counted twice: {found.twice}")
    print("  accounting: " + ", ".join(f"{name} {items:,}" for name, items in account.items()))
    print(
        f"  5xx: {trouble.refusals}, of them without a time to come back after: {trouble.untold}; "
        f"again after that time: {trouble.late}; told to wait at most {trouble.longest_told:g} s, "
        f"longest from the first refusal to the acknowledgement {trouble.longest:.1f} s"
    )
    print(f"  other answers: {trouble.other} {trouble.reasons[:3]}")
    wrong = {
        "acknowledged events lost": found.lost,
        "events counted twice": found.twice,
        "items without a fate": account["difference"],
        "rows that the books do not have": found.rows - account["stored"],
        "answers of 5xx without a time": trouble.untold,
        "answers that are neither 200 nor 5xx": trouble.other,
    }
    for name, number in wrong.items():
        if number:
            print(f"  WRONG: {name}: {number}")
    return not any(wrong.values())


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cluster.kills",
        description="Kill every part of a cluster under load; nothing may be lost, or count twice.",
        epilog="example: python -m cluster.kills --minutes 20",
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="at random, after each in turn")
    parser.add_argument("--only", choices=tuple(KILLS), action="append", help="this kind alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--directory", type=Path, help="where the cluster lives; kept if given")
    options = parser.parse_args()
    exit_without_packages()
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or Path(temporary)
        with started(WholeCluster(directory)) as cluster:
            kinds = options.only or list(KILLS)
            good = run(cluster, kinds, options.minutes, options.seed, options.clients)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
