"""What loading costs: CPU µs an event from journal to stored row, bytes an event, and the keys.

    python -m bench.loading                      200,000 events of ten fields, and 1M and 10M keys
    python -m bench.loading --events 1000000 --keys 100000000

CPU time is of the whole process, the engine's threads included. Making the records is not counted.
"""

import argparse
import resource
import secrets
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from glasshouse.catalogue import Catalogue
from glasshouse.loading import Loader
from glasshouse.loading.repeats import Repeats
from glasshouse.model import KEY_BYTES, Block, Head, Line, Position, Record
from glasshouse.store import KeyState, open_store

FIELDS = {
    "command": '"enum"\nvalues = ["run", "build", "test", "deploy"]',
    "kind": '"enum"\nvalues = ["small", "medium", "large"]',
    "seconds": '"duration"',
    "exit_code": '"integer"',
    "succeeded": '"boolean"',
    "runtime": '"version"',
    "tables": '"integer"',
    "columns": '"integer"',
    "ratio": '"number"',
    "connector": '"enum"\nvalues = ["postgres", "duckdb", "snowflake", "bigquery"]',
}
MANIFEST = """
[product]
slug = "bench"
name = "Bench"
vendor = "Example"
contact = "privacy@example.com"
[purpose.use]
text = "Measure loading."
[identity.instance]
made = "random"
lives = "until removed"
[[switch]]
kind = "environment"
name = "BENCH_TELEMETRY_OFF"
off = "any value but empty and 0"
missing = "on"
covers = ["telemetry"]
steps = { linux = "Set BENCH_TELEMETRY_OFF=1." }
[event.ran]
text = "A command ended."
occasions = ["command"]
purpose = "use"
""" + "".join(
    f'[event.ran.fields.{name}]\ntype = {type_}\nwhy = "Measure."\n'
    for name, type_ in FIELDS.items()
)
START = datetime(2026, 11, 1, tzinfo=UTC)


class RecordJournal:
    """Payloads in memory, so that the journal's own cost is not measured here."""

    def __init__(self, payloads: list[bytes], read_before: int = 0) -> None:
        """`read_before`: so many records are in the store already, and were forgotten."""
        self._payloads = [b""] * read_before + payloads

    def read(self, after: Position, limit: int) -> Iterator[tuple[bytes, Position]]:
        taken = 0
        for number in range(after.offset, len(self._payloads)):
            if taken >= limit:
                return
            taken += len(self._payloads[number])
            yield self._payloads[number], Position(0, number + 1)

    def trim(self, before: Position) -> None:
        """Nothing to forget."""


def make_records(events: int, instances: int, batch: int) -> list[bytes]:
    random = Random(7)
    ids = [f"{random.getrandbits(128):032x}" for _ in range(instances)]
    payloads = []
    for first in range(0, events, batch):
        received_at = START + timedelta(seconds=first * 0.4)
        lines = b"".join(
            msgspec.json.encode(_line(random, ids, received_at)) + b"\n" for _ in range(batch)
        )
        head = Head("bench", "native", received_at, batch, [Block("event.ran", batch, len(lines))])
        keys = secrets.token_bytes(KEY_BYTES * batch)
        payloads.append(Record(head, [keys], [lines]).encoded())
    return payloads


def random_fields(random: Random) -> msgspec.Raw:
    """Of one `event.ran`, as a line holds them."""
    fields = {
        "command": random.choice(("run", "build", "test", "deploy")),
        "kind": random.choice(("small", "medium", "large")),
        "seconds": round(random.expovariate(0.2), 3),
        "exit_code": random.choice((0, 0, 0, 0, 1, 2)),
        "succeeded": random.random() < 0.9,
        "runtime": f"3.{random.randrange(9, 15)}.{random.randrange(12)}",
        "tables": random.randrange(200),
        "columns": random.randrange(2000),
        "ratio": round(random.random(), 2),
        "connector": random.choice(("postgres", "duckdb", "snowflake", "bigquery")),
    }
    return msgspec.Raw(msgspec.json.encode(fields))


def _line(random: Random, ids: list[str], received_at: datetime) -> Line:
    fields = random_fields(random)
    return Line(
        at=received_at - timedelta(seconds=random.random() * 60),
        received_at=received_at,
        instance=random.choice(ids),
        fields=fields,
        version=f"1.{random.randrange(20)}.0",
        country=random.choice(("DE", "US", "JP", "BR")),
    )


def measure_loading(data: Path, events: int, instances: int, batch: int) -> None:
    payloads = make_records(events, instances, batch)
    catalogue = Catalogue(data / "catalogue")
    catalogue.add(MANIFEST.encode())
    store = open_store(data / "store")
    loader = Loader(RecordJournal(payloads), store, catalogue, data)  # type: ignore[arg-type]
    print(
        f"{events:,} events of {len(FIELDS)} fields, {instances:,} instances, "
        f"{batch} a request, {sum(map(len, payloads)) / events:.0f} B of journal an event"
    )
    wall, cpu, cycles = time.perf_counter(), time.process_time(), []
    while (loaded := loader.cycle()).records:
        cycles.append(loaded.stored)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    store.checkpoint()
    size = (data / "store" / "glasshouse.duckdb").stat().st_size
    keys = sum(path.stat().st_size for path in (data / "store" / "keys").iterdir())
    stored = sum(cycles)
    print(f"  cycles of {stored // len(cycles):,} events: {cpu / stored * 1e6:.2f} µs CPU an event")
    print(f"  {stored / wall:,.0f} events a second (wall)")
    print(
        f"  {size / stored:.1f} B an event in the store's file, {keys / stored:.1f} B in key runs"
    )
    small = loader_small_cycles(data, store, catalogue, payloads)
    print(f"  a cycle of 5 events: {small * 1e3:.1f} ms CPU")
    store.close()


def loader_small_cycles(
    data: Path, store: object, catalogue: Catalogue, before: list[bytes]
) -> float:
    payloads = before + make_records(100, 20, 5)
    journal = RecordJournal(payloads)
    loader = Loader(journal, store, catalogue, data, cycle_bytes=1)  # type: ignore[arg-type]
    loader.cycle()
    cpu, cycles = time.process_time(), 0
    while loader.cycle().records:
        cycles += 1
    return (time.process_time() - cpu) / cycles


def measure_keys(directory: Path, total: int, cycle: int = 20_000) -> None:
    """Fill an index by cycles, then search it: none of the wanted keys is new to it, then all."""
    repeats = Repeats(directory, KeyState())
    filling, longest = time.process_time(), 0.0
    day = date(2026, 11, 1)
    for _ in range(0, total, cycle):
        wall = time.perf_counter()
        keys = secrets.token_bytes(KEY_BYTES * cycle)
        repeats.settle(repeats.plan(keys, day))
        longest = max(longest, time.perf_counter() - wall)
    filling = time.process_time() - filling
    rounds = 20
    cpu = time.process_time()
    for _ in range(rounds):
        repeats.repeated(secrets.token_bytes(KEY_BYTES * cycle))
    cpu = time.process_time() - cpu
    disk = sum(path.stat().st_size for path in directory.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {len(repeats):>11,} keys: {cpu / rounds / cycle * 1e6:5.2f} µs a search, "
        f"{filling / total * 1e6:5.2f} µs to take one in, longest cycle {longest:5.2f} s, "
        f"{repeats.run_count:3} runs, {repeats.memory_bytes / total * 1e6 / 2**20:5.2f} MB memory "
        f"and {disk / total * 1e6 / 2**20:5.2f} MB disk a million keys, peak {peak:,.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.loading",
        description="What loading costs.",
        epilog="example: python -m bench.loading --events 1000000 --keys 1000000",
    )
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--instances", type=int, default=5_000)
    parser.add_argument("--batch", type=int, default=50, help="events a request")
    parser.add_argument("--keys", type=int, nargs="*", default=[1_000_000, 10_000_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        if options.events:
            measure_loading(Path(directory), options.events, options.instances, options.batch)
        for total in options.keys:
            measure_keys(Path(directory) / f"keys-{total}", total)


if __name__ == "__main__":
    main()
