"""docs/guides/sizing.md: events a second, bytes and machines, computed from measured costs.

`python -m bench.sizing` prints the page, `--write` puts it in its place; a test holds them equal.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from bench import costs
from bench.costs import COSTS, Cost

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "sizing.md"

FLEETS = (10_000, 1_000_000, 100_000_000)
EVENTS = 50  # of an installation in a day
REQUESTS = 4  # in which it sends them
KEPT_DAYS = 400
REPLICAS = 2
DAY = 86_400

CORES = 16  # of a machine
BUSY = 0.5  # of its cores, at the hour that the machines are counted for
DISK = 4e12  # bytes of a machine, of which three quarters are filled
FULL = 0.75
NETWORK = 10e9 / 8 * 0.5  # bytes a second of a machine


@dataclass(frozen=True, slots=True)
class Load:
    """What comes in a second, at worst, and for how many seconds that lasts."""

    name: str
    events: float
    requests: float
    seconds: float


def ordinary(fleet: int) -> Load:
    """The busiest hour of a day has three times its mean."""
    return Load("an ordinary day", fleet * EVENTS * 3 / DAY, fleet * REQUESTS * 3 / DAY, 3600)


def release_day(fleet: int) -> Load:
    """Everybody updates within a day: twice the events, in half as many requests more."""
    usual = ordinary(fleet)
    return Load("a release day", usual.events * 2, usual.requests * 1.5, 3600)


def start_storm(fleet: int) -> Load:
    """Everybody starts within ten minutes, as after a cloud's failure: a request of two events."""
    usual = ordinary(fleet)
    return Load("a start storm", usual.events + fleet * 2 / 600, usual.requests + fleet / 600, 600)


def week_offline(fleet: int) -> Load:
    """A fifth of all was cut off for a week, and sends within two hours what it kept, 100 events a
    request.
    """
    usual, kept = ordinary(fleet), fleet / 5 * 7 * EVENTS
    return Load(
        "a region back after a week",
        usual.events + kept / 7200,
        usual.requests + kept / 100 / 7200,
        7200,
    )


LOADS: Sequence[Callable[[int], Load]] = (ordinary, release_day, start_storm, week_offline)


def cores(cost: Cost, rate: float) -> float:
    """Whole cores that so many a second keep busy."""
    return cost.figure * rate / 1e6


def door_cores(load: Load) -> float:
    """To receive, check and write: on one machine, into its own journal."""
    return cores(costs.REQUEST, load.requests) + cores(costs.RECEIVED, load.events)


def collector_cores(load: Load) -> float:
    """The same where the journal is NATS."""
    return door_cores(load) + cores(costs.PUBLISHED, load.requests)


def machines(busy_cores: float) -> int:
    return math.ceil(busy_cores / (CORES * BUSY))


@dataclass(frozen=True, slots=True)
class Machines:
    """How many of each. The doors are counted for the worst load, since a client must be answered
    then; what is behind the journal for the ordinary one, since the journal can wait.
    """

    collectors: int
    nats: int
    loaders: int
    clickhouse: int

    @property
    def all(self) -> int:
        return self.collectors + self.nats + self.loaders + self.clickhouse


def cluster_of(fleet: int) -> Machines:
    worst = [load(fleet) for load in LOADS]
    usual = ordinary(fleet)
    events = max(load.events for load in worst)
    written = events * costs.JOURNALLED.figure * 3  # three servers have it
    nats = max(machines(cores(costs.NATS, events)), math.ceil(written / NETWORK), 3)
    shards = max(
        machines(cores(costs.INSERTED, usual.events)) / REPLICAS,
        stored(fleet) / (DISK * FULL),
        1,
    )
    return Machines(
        collectors=max(machines(max(map(collector_cores, worst))), 2),
        nats=nats + -nats % 3,
        loaders=max(machines(cores(costs.LOADING, usual.events)), 2),
        clickhouse=math.ceil(shards) * REPLICAS,
    )


def stored(fleet: int) -> float:
    """Bytes of one replica of everything, for as long as it is kept."""
    return fleet * EVENTS * KEPT_DAYS * costs.ROW.figure


def one_machine(fleet: int) -> tuple[float, float, float]:
    """Of a single machine: cores at the doors at worst, share of the loading thread in an ordinary
    busy hour, and bytes on its disk.
    """
    doors = max(door_cores(load(fleet)) for load in LOADS)
    loading = cores(costs.LOADED, ordinary(fleet).events)
    return doors, loading, fleet * EVENTS * KEPT_DAYS * costs.STORED.figure


def catching_up(fleet: int) -> tuple[float, float]:
    """After the worst backlog: bytes that wait in each journal, and hours until it is loaded by the
    machines that an ordinary day asks for.
    """
    most, usual, found = week_offline(fleet), ordinary(fleet), cluster_of(fleet)
    able = found.loaders * CORES * 1e6 / costs.LOADING.figure
    able = min(able, found.clickhouse * CORES * 1e6 / costs.INSERTED.figure)
    left = max(0.0, (most.events - able) * most.seconds)
    return left * costs.JOURNALLED.figure, left / max(able - usual.events, 1) / 3600


def bottleneck(fleet: int) -> str:
    """What an ordinary year fills first on one machine."""
    doors, loading, size = one_machine(fleet)
    shares = {
        "the loading thread": loading / BUSY,
        "the cores at the doors": doors / (CORES - 2) / BUSY,
        "the disk": size / (DISK * FULL),
    }
    name = max(shares, key=lambda each: shares[each])
    return (
        f"{name}, at {shares[name]:.0%}"
        if shares[name] < 10
        else f"{name}, {shares[name]:,.0f} times"
    )


def count(number: float) -> str:
    """Three figures are enough."""
    if number >= 100:
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


def size(number: float) -> str:
    for unit, factor in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= factor:
            return f"{count(number / factor)} {unit}"
    return f"{number:.0f} B"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def prose(text: str) -> str:
    """Paragraphs, wrapped as pages are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        fill(paragraph, 110, break_long_words=False, break_on_hyphens=False)
        for paragraph in paragraphs
    )


def installations(fleet: int) -> str:
    return f"{fleet:,}"


def sections() -> Iterator[str]:
    yield prose(f"""# Sizing

Computed by `python -m bench.sizing` from what was measured on two shared cores; a test
holds this page to it. Read it for orders of magnitude: measure with your own events before
you buy machines.

One installation sends {EVENTS} events a day in {REQUESTS} requests; events are kept
{KEPT_DAYS} days, on {REPLICAS} replicas. A machine has {CORES} cores, half busy at most,
{size(DISK)} of disk, three quarters full at most, and a network of 10 Gbit/s, half used.""")
    yield "## When is one machine not enough?"
    yield table(
        ["installations", "cores at the doors, at worst", "busy share of the loading thread",
         "disk", "fills first"],
        [
            [installations(fleet), count(doors), f"{loading:.1%}", size(disk), bottleneck(fleet)]
            for fleet in FLEETS
            for doors, loading, disk in [one_machine(fleet)]
        ],
    )  # fmt: skip
    yield prose(f"""At {installations(_limit(_loading_share))} installations like these the
loading thread is
half busy in the busiest hour; at {installations(_limit(_disk_share))} the disk is three
quarters full after {KEPT_DAYS} days; at {installations(_limit(_doors_share))} a start storm
takes half of the cores. Whichever comes first says that it is time for the
[cluster](cluster.md). Questions take seconds from about a hundred million rows on (`python
-m bench.scale`), which may be the better reason.""")
    yield "## What comes, by the second"
    yield table(
        ["", *(f"{installations(fleet)}: events, requests" for fleet in FLEETS)],
        [
            [
                load(1).name,
                *(f"{count(load(f).events)}, {count(load(f).requests)}" for f in FLEETS),
            ]
            for load in LOADS
        ],
    )
    yield prose("""A start storm is a matter of requests, a region that comes back one of events.
Collectors
that are too few for it lose nothing: they answer 503 with a time to come back after, and
clients keep what they have. TLS is ended in front of the collectors, and its handshakes are
the storm's larger part there: count 1 ms of a core for each.""")
    yield "## Machines of a cluster"
    yield table(
        ["installations", "collectors", "NATS", "loaders", "ClickHouse", "all"],
        [
            [
                installations(fleet),
                *map(str, (c.collectors, c.nats, c.loaders, c.clickhouse, c.all)),
            ]
            for fleet in FLEETS
            for c in [cluster_of(fleet)]
        ],
    )
    yield prose("""Collectors and NATS are counted for the worst of the loads, since somebody
waits for their
answer; loaders and ClickHouse for an ordinary busy hour, since the journal can wait. Small
fleets have the least number of each: then several share a machine, and three machines are
enough for all of it. The console and ClickHouse's keepers need a core each.""")
    yield "## Bytes"
    yield table(
        ["installations", "into the collectors a day, gzip",
         "through the journal a day, three copies",
         "rows a day, two replicas", f"rows of {KEPT_DAYS} days, two replicas"],
        [
            [
                installations(fleet),
                size(fleet * EVENTS * costs.ZIPPED.figure),
                size(fleet * EVENTS * costs.JOURNALLED.figure * 3),
                size(fleet * EVENTS * costs.ROW.figure * REPLICAS),
                size(stored(fleet) * REPLICAS),
            ]
            for fleet in FLEETS
        ],
    )  # fmt: skip
    yield "## After a week without a region"
    yield table(
        ["installations", "waits in each copy of the journal", "hours until all is loaded"],
        [
            [installations(fleet), size(waiting) if waiting else "nothing", count(hours)]
            for fleet in FLEETS
            for waiting, hours in [catching_up(fleet)]
        ],
    )
    yield prose("""The journal needs room for what waits, and for a day of loaders that do not run:
`max_file_store` in `deploy/configuration/nats.conf`. When it is full the collectors answer
503; nothing that was acknowledged is dropped for what comes.""")
    yield "## Measured"
    yield prose("""Figures of `cluster.measures` are of blocks of a few hundred rows, from
requests of 50 events, on two cores that eleven servers shared: a busy cluster inserts larger
blocks, at a fraction of that. They do not grow with 1, 2 and 4 collectors and loaders (441, 425
and 420 µs an event of all parts together; decision 0127 has each).""")
    yield table(
        ["cost", "figure", "from"],
        [[each.says, f"{each.figure:g} {each.unit}", each.source] for each in COSTS],
    )


def _loading_share(fleet: int) -> float:
    return one_machine(fleet)[1] / BUSY


def _disk_share(fleet: int) -> float:
    return one_machine(fleet)[2] / (DISK * FULL)


def _doors_share(fleet: int) -> float:
    return one_machine(fleet)[0] / (CORES - 2) / BUSY


def _limit(share: Callable[[int], float]) -> int:
    """The fleet at which a share is one, to two figures: all of them grow with the fleet."""
    return int(float(f"{1_000_000 / share(1_000_000):.2g}"))


def page() -> str:
    return "\n\n".join(sections()) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.sizing",
        description="The sizing page, from measured costs.",
        epilog="example: python -m bench.sizing --write",
    )
    parser.add_argument("--write", action="store_true", help=f"to {PAGE.name} instead of here")
    if parser.parse_args().write:
        PAGE.write_text(page())
    else:
        print(page(), end="")


if __name__ == "__main__":
    main()
