"""What scale costs: loading at 1M events and at N, and how long every question takes then.

    python -m bench.scale                         1M events
    python -m bench.scale --events 10000000
    python -m bench.scale --events 100000000      the soak: about 7 GB of disk and half an hour

The fleet is that of `bench.fleet`. Whenever loading is measured, events come through the loader.
With a directory that has so many events already, they are not made again, and what 1M events cost
is not measured.
"""

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.fleet import (
    DAYS,
    FIRST,
    INSTANCES,
    LAST_DAY,
    SCALE_MANIFEST,
    fill,
    is_made,
    load_first,
    records,
)
from bench.loading import FIELDS, RecordJournal
from glasshouse.catalogue import Catalogue
from glasshouse.insight import Insight
from glasshouse.loading import Loader
from glasshouse.model import Origin
from glasshouse.store import open_store


def measure_loading(loader: Loader, journal: RecordJournal, payloads: list[bytes]) -> None:
    journal._payloads += payloads  # noqa: SLF001
    cpu, stored = time.process_time(), 0
    while (loaded := loader.cycle()).records:
        stored += loaded.stored
    cpu = time.process_time() - cpu
    print(f"  loading {stored:,}: {cpu / stored * 1e6:.2f} µs CPU an event")


def measure_small(loader: Loader, journal: RecordJournal, seed: int) -> None:
    cpus = []
    for n in range(30):
        journal._payloads += records(5, DAYS, 0, seed + n, batch=5)  # noqa: SLF001
        cpu = time.process_time()
        loader.cycle()
        cpus.append(time.process_time() - cpu)
    print(f"  a cycle of 5 events: {sorted(cpus)[len(cpus) // 2] * 1e3:.1f} ms CPU (median)")


def questions(insight: Insight) -> dict[str, Callable[[], object]]:
    def ask(name: str, **words: str) -> Callable[[], object]:
        return lambda: insight.ask(
            name, {"product": ["bench"], **{n: [w] for n, w in words.items()}}
        )

    product = insight.product("bench")
    return {
        **{f"active by {s}": ask("active_instances", by=s) for s in ("day", "week", "month")},
        "active by day, a country": ask("active_instances", by="day", country="DE"),
        "active by week, a version": ask("active_instances", by="week", version="1.9.0"),
        **{f"versions by {s}": ask("version_adoption", by=s) for s in ("day", "week", "month")},
        "versions by week, a country": ask("version_adoption", by="week", country="DE"),
        "field of events: enum": ask("field_distribution", field="command"),
        "field of events: version": ask("field_distribution", field="runtime"),
        "field of events: number": ask("field_distribution", field="seconds"),
        "field of snapshots: enum": ask("field_distribution", field="system"),
        "lifecycle by week": ask("lifecycle", by="week"),
        "lifecycle by month, 12 months": ask("lifecycle", by="month", period="12m"),
        "retention by week": ask("retention", by="week"),
        "retention by month, 12 months": ask("retention", by="month", period="12m"),
        "version lag by week": ask("version_lag", by="week"),
        "upgrades": ask("upgrades"),
        "upgrades of 30 days": ask("upgrades", period="30d"),
        "minimum version, 30 days": ask("minimum_version", period="30d"),
        "countries": ask("geography"),
        "sizes by instances, 30 days": ask("deployment_sizes", period="30d"),
        "sizes by cores, 30 days": ask("deployment_sizes", period="30d", field="cores"),
        "cores across versions, 30 days": ask(
            "cross_tabulation", period="30d", field="cores", across="version"
        ),
        "features, 30 days": ask("feature_adoption", period="30d", field="command"),
        "features, 90 days": ask("feature_adoption", field="command"),
        "breadth, 30 days": ask("feature_breadth", period="30d", field="command"),
        "recommendations, 30 days": ask("recommendations", period="30d", field="command"),
        "funnel of 3 steps, 30 days": ask(
            "funnel", period="30d", steps="command=build,command=test,command=deploy"
        ),
        "advisory": ask("advisory", affected=">=1.5.0,<1.9.0", disclosed="2026-09-01"),
        "advisory's spread by day": ask(
            "advisory_spread", affected=">=1.5.0,<1.9.0", disclosed="2026-09-01"
        ),
        "advisory's organizations": ask("advisory_organizations", affected=">=1.5.0,<1.13.0"),
        "active by week, of a system": ask("active_instances", by="week", where="system=linux"),
        "active by week, compared": ask("active_instances", by="week", compare="previous"),
        "newest items": lambda: insight.newest(product, Origin.PRODUCTION),
        "the product at a glance": lambda: insight.glance(product, Origin.PRODUCTION),
        "origins": lambda: insight.origins(product),
    }


def measure_questions(insight: Insight) -> None:
    for name, ask in questions(insight).items():
        times = []
        for _ in range(3):
            wall, cpu = time.perf_counter(), time.process_time()
            ask()
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
        (first, _), (warm, cpu) = times[0], min(times[1:])
        print(f"  {name:32} first {first * 1e3:7.0f} ms, again {warm * 1e3:7.0f} ms "
              f"({cpu * 1e3:.0f} ms CPU)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale",
        description="What scale costs: loading and asking at 1M events and at N.",
        epilog="example: python -m bench.scale --events 10000000",
    )
    parser.add_argument("--events", type=int, default=FIRST)
    parser.add_argument("--sample", type=int, default=600_000, help="events loaded to measure")
    parser.add_argument("--directory", type=Path, help="where to make it; kept if given")
    parser.add_argument("--memory", default="2GB", help="for the store's engine")
    options = parser.parse_args()
    data = options.directory or Path(tempfile.mkdtemp())
    try:
        run(data, options.events, options.sample, options.memory)
    finally:
        if options.directory is None:
            shutil.rmtree(data)


def run(data: Path, events: int, sample: int, memory: str) -> None:
    catalogue = Catalogue(data / "catalogue")
    catalogue.add(SCALE_MANIFEST.encode())
    store = open_store(data / "store", memory)
    journal = RecordJournal([], store.position().offset)
    loader = Loader(journal, store, catalogue, data)  # type: ignore[arg-type]
    insight = Insight(store, catalogue, lambda: LAST_DAY, list)
    print(f"{len(FIELDS)} fields, {INSTANCES:,} instances, {DAYS} days; {os.cpu_count()} cores")
    is_kept = events > FIRST and is_made(store, events)
    if not is_kept:
        load_first(loader, journal, min(events, FIRST) - sample)
        print(f"at {FIRST:,} events")
        measure_loading(loader, journal, records(sample, 1, 1, 2))
        measure_small(loader, journal, 100)
    if events > FIRST:
        if not is_kept:
            fill(store, data, events - FIRST, 3, DAYS - 4)
            loader.recover()
        print(f"at {events:,} events")
        measure_loading(loader, journal, records(sample, DAYS - 1, 1, 3))
        measure_small(loader, journal, 200)
    store.checkpoint()
    size = (data / "store" / "glasshouse.duckdb").stat().st_size
    keys = sum(path.stat().st_size for path in (data / "store" / "keys").iterdir())
    total = store.rows('select count(*) from bench."event.ran"').rows[0][0]
    print(f"  {total:,} events, {size / total:.1f} B an event, keys {keys / 1e6:,.0f} MB apart")
    store.close()
    insight._store = store = open_store(data / "store", memory)  # noqa: SLF001
    measure_questions(insight)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory at most {peak:,.0f} MB")
    store.close()


if __name__ == "__main__":
    main()
