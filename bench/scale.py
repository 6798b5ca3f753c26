"""What scale costs: loading at 1M events and at N, and how long every question takes then.

    python -m bench.scale                         1M events
    python -m bench.scale --events 10000000
    python -m bench.scale --events 100000000      the soak: about 7 GB of disk and half an hour

200,000 instances of 5,000 organizations over 180 days. Up to 1M, and whenever loading is measured,
events come through the loader. The bulk in between is written straight into the store's tables by
SQL, as loading would have left them (a loader needs 10 minutes for 100M, and making the records in
Python three hours); the repeat keys of the last 36 days are written as runs. So the measured cycles
meet tables, ids, levels and keys as large as they would be.
"""

import argparse
import os
import resource
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import numpy as np
from duckdb import DuckDBPyConnection

from bench.loading import FIELDS, MANIFEST, RecordJournal
from glasshouse.catalogue import Catalogue
from glasshouse.insight import Insight
from glasshouse.loading import Loader
from glasshouse.loading.runs import Keys, sort_keys, write_run
from glasshouse.model import KEY_BYTES, Block, Head, Line, Origin, Record
from glasshouse.store import Batch, KeyChange, Store, open_store
from glasshouse.store.engines.duckdb import DuckDBStore, memberships
from glasshouse.store.engines.duckdb.first_days import derive_all
from glasshouse.store.engines.duckdb.folding import fold
from glasshouse.store.engines.duckdb.periods import MERGED, ROW

INSTANCES, ORGANIZATIONS, DAYS = 200_000, 5_000, 180
LAST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
KEYS_A_RUN = 1 << 24
FIRST = 1_000_000
LAST = 50_000
CYCLE = 40_000
SCALE_MANIFEST = (
    MANIFEST.replace(
        "[[switch]]",
        '[identity.organization]\nmade = "assigned"\nof = "the vendor"\nlives = "with it"\n'
        "[[switch]]",
        1,
    ).replace(
        'purpose = "use"\n', 'purpose = "use"\nidentities = ["instance", "organization"]\n', 1
    )
    + """
[snapshot.host]
text = "The host."
occasions = ["every 24h"]
purpose = "use"
[snapshot.host.fields.cores]
type = "integer"
why = "Measure."
[snapshot.host.fields.system]
type = "enum"
values = ["linux", "macos", "windows"]
why = "Measure."
"""
)


def instance_id(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1:032x}"


def records(events: int, first_day: float, days: float, seed: int, batch: int = 50) -> list[bytes]:
    """Payloads of events spread evenly over some days, in the order of their times."""
    random = Random(seed)
    payloads = []
    for first in range(0, events, batch):
        at = LAST_DAY - timedelta(days=DAYS - first_day - days * first / events)
        lines = []
        for _ in range(batch):
            number = random.randrange(INSTANCES)
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
            line = Line(
                at=at + timedelta(seconds=random.random()),
                received_at=at + timedelta(seconds=1),
                instance=instance_id(number),
                fields=msgspec.Raw(msgspec.json.encode(fields)),
                version=version_of(number, DAYS - (LAST_DAY - at).days),
                country=("DE", "US", "JP", "BR")[number % 4],
                identities={"organization": f"organization-{number % ORGANIZATIONS}"},
            )
            lines.append(msgspec.json.encode(line) + b"\n")
        text = b"".join(lines)
        head = Head("bench", "native", at, batch, [Block("event.ran", batch, len(text))])
        payloads.append(Record(head, [secrets.token_bytes(KEY_BYTES * batch)], [text]).encoded())
    return payloads


def version_of(number: int, day: int) -> str:
    return f"1.{day // 15 + number % 3}.0"


def fill(store: Store, data: Path, events: int, first_day: int, days: int) -> None:
    """Write a stretch of days into the tables, as loading would have left it. Not measured."""
    assert isinstance(store, DuckDBStore)
    connection = store._connection  # noqa: SLF001
    connection.execute("create or replace temp table surrogates as select (row_number() over ()) "
                       "- 1 as number, surrogate from (select surrogate from store.identities "
                       "where kind = 'instance' order by surrogate)")  # fmt: skip
    counted = connection.execute("select count(*) from surrogates").fetchone()
    count = counted[0] if counted else 0
    a_day = events // days
    close_all_days(connection)
    for day in range(first_day, first_day + days):
        start = (LAST_DAY - timedelta(days=DAYS - day)).replace(tzinfo=None)
        pick = f"(hash(i * 7919 + {day}) % {count})::int"
        fields = """{'command': ['run','build','test','deploy'][1 + (hash(i) % 4)::int],
            'kind': ['small','medium','large'][1 + (hash(i + 1) % 3)::int],
            'seconds': round(-5 * ln((1 + hash(i + 2) % 999983) / 999984.0), 3),
            'exit_code': greatest(0, (hash(i + 3) % 6)::bigint - 3),
            'succeeded': hash(i + 4) % 10 < 9,
            'runtime': '3.' || (9 + hash(i + 5) % 6) || '.' || hash(i + 6) % 12,
            'tables': (hash(i + 7) % 200)::bigint, 'columns': (hash(i + 8) % 2000)::bigint,
            'ratio': round((hash(i + 9) % 100) / 100.0, 2),
            'connector': ['postgres','duckdb','snowflake','bigquery'][1 + (hash(i + 10) % 4)::int]}
        """
        connection.execute(f"""
            create or replace temp table filling as
            select timestamp '{start}' + to_microseconds(i * (86400000000 // {a_day})) as moment,
                   s.surrogate as instance, s.number as number,
                   '1.' || ({day} // 15 + s.number % 3) || '.0' as version,
                   ['DE','US','JP','BR'][1 + (s.number % 4)::int] as country, {fields} as fields
            from range({a_day}) r(i) join surrogates s on s.number = {pick}
        """)
        connection.execute("""
            insert into bench."event.ran" ("at", received_at, instance, version, country, region,
                origin, door, doubtful_time, organization, fields)
            select moment, moment + interval 1 second, f.instance, version, country, null,
                'production', 'native', false, o.identity, fields
            from filling f join (select instance, any_value(identity) as identity
                                 from store.memberships group by all) o using (instance)
            order by moment
        """)
        if day % 3 == 0:  # each instance tells of its host every third day or so
            connection.execute(f"""
                insert into bench."snapshot.host" ("at", received_at, instance, version, country,
                    origin, door, doubtful_time, fields)
                select timestamp '{start}', timestamp '{start}', surrogate, null, null,
                    'production', 'native', false,
                    {{'cores': (1 + number % 64)::bigint,
                      'system': ['linux','macos','windows'][1 + (number % 3)::int]}}
                from surrogates where number % 10 = {day // 3} % 10
            """)
        # What folding would have made of the day.
        connection.execute(f"""
            insert into store.closed_days
            select 'bench', 'production', date '{start.date()}', instance, any_value(version),
                   max(moment), count(*) from filling group by instance order by instance
        """)
        connection.execute("delete from store.closed_until")
        connection.execute(
            "insert into store.closed_until values ('day', 'bench', 'production', ?)",
            (start.date(),),
        )
    close_long_periods(connection)
    change_hands(store)
    connection.execute("drop table temp.filling; drop table temp.surrogates")
    store.checkpoint()
    print(f"  {days} days written, {keys_of(store, data, events * min(36, days) // days):,} keys")


def close_all_days(connection: DuckDBPyConnection) -> None:
    """What was loaded before lies days back; left open it would be late for days closed since."""
    fold(connection)
    connection.execute(f"""
        insert into store.closed_days ({ROW})
        select {ROW} from ({MERGED} from store.open_days group by all) order by day, instance
    """)
    connection.execute("delete from store.open_days")


def change_hands(store: DuckDBStore) -> None:
    """One instance in a hundred belonged to the organization of another for some weeks."""
    connection = store._connection  # noqa: SLF001
    connection.execute("""
        update bench."event.ran" t set organization = o.identity
        from (select m.instance, n.identity from store.memberships m
              join store.memberships n on n.instance = m.instance + 1
              where m.instance % 100 = 0) o
        where t.instance = o.instance and t."at" between '2026-07-01' and '2026-08-15'
    """)
    memberships.derive_all(connection, store.item_tables("bench"))


def close_long_periods(connection: DuckDBPyConnection) -> None:
    for step in ("week", "month"):
        last = f"(select date_trunc('{step}', max(day) + 1)::date - 1 from store.closed_days)"
        for table, which in ((f"closed_{step}s", "<="), (f"open_{step}s", ">")):
            connection.execute(f"delete from store.{table}")
            connection.execute(f"""
                insert into store.{table}
                select product, origin, date_trunc('{step}', day)::date as start, instance,
                    arg_max(version, version_at), max(version_at), sum(items)
                from store.closed_days where day {which} {last}
                group by all order by start, instance
            """)
        connection.execute(f"""
            insert into store.closed_until
            select '{step}', 'bench', 'production', {last}
        """)
    derive_all(connection)


def keys_of(store: Store, data: Path, count: int) -> int:
    """Runs of random keys, listed in the store."""
    directory = data / "store" / "keys"
    directory.mkdir(exist_ok=True)
    random = np.random.default_rng(5)
    added = []
    for first in range(0, count, KEYS_A_RUN):
        size = min(KEYS_A_RUN, count - first)
        halves = random.integers(0, 1 << 63, (2, size), dtype=np.uint64) << np.uint64(1)
        run = write_run(directory, sort_keys(Keys(halves[0], halves[1])), date(2026, 11, 1))
        added.append(run.listed)
    store.apply(Batch((), (), (), KeyChange(added=tuple(added)), store.position()))
    return count


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
    journal = RecordJournal([])
    loader = Loader(journal, store, catalogue, data)  # type: ignore[arg-type]
    insight = Insight(store, catalogue, lambda: LAST_DAY, list)
    print(f"{len(FIELDS)} fields, {INSTANCES:,} instances, {DAYS} days; {os.cpu_count()} cores")
    load_first(loader, journal, min(events, FIRST) - sample)
    print(f"at {FIRST:,} events")
    measure_loading(loader, journal, records(sample, 1, 1, 2))
    measure_small(loader, journal, 100)
    if events > FIRST:
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


def made(data: Path, events: int, memory: str) -> Store:
    """A store of so many events to ask, closed and opened again; the one that is there already."""
    catalogue = Catalogue(data / "catalogue")
    catalogue.add(SCALE_MANIFEST.encode())
    store = open_store(data / "store", memory)
    journal = RecordJournal([])
    loader = Loader(journal, store, catalogue, data)  # type: ignore[arg-type]
    try:
        table = store.item_table("bench", "event.ran")
        there = int(store.rows(f"select count(*) from {table}").rows[0][0])
    except KeyError:  # nothing loaded yet
        there = 0
    if there < events * 0.9:  # a few less come of rounding
        load_first(loader, journal, min(events, FIRST) - LAST)
        if events > FIRST:
            fill(store, data, events - FIRST, 3, DAYS - 4)
            loader.recover()
        # What arrives on the last day closes the days before, as it would have.
        journal._payloads += records(LAST, DAYS - 1, 1, 3)  # noqa: SLF001
        while loader.cycle().records:
            pass
    store.checkpoint()
    store.close()
    return open_store(data / "store", memory)


def load_first(loader: Loader, journal: RecordJournal, events: int) -> None:
    """So that ids are known, and levels filled, before anything is measured."""
    journal._payloads += records(events, 0, 1, 1)  # noqa: SLF001
    while loader.cycle().records:
        pass


if __name__ == "__main__":
    main()
