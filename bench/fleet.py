"""A store of a large fleet, made in minutes: what `scale`, `pages` and `erasing` are measured on.

200,000 instances of 5,000 organizations over 180 days. Up to 1M events come through the loader. The
bulk is written straight into the store's tables by SQL, as loading would have left them (a loader
needs 10 minutes for 100M, and making the records in Python three hours); the repeat keys of the
last 36 days are written as runs. So what is measured meets tables, ids, levels and keys as large as
they would be.
"""

import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import numpy as np
from duckdb import DuckDBPyConnection

from bench.loading import MANIFEST, RecordJournal, random_fields
from glasshouse.catalogue import Catalogue
from glasshouse.loading import Loader
from glasshouse.loading.runs import Keys, sort_keys, write_run
from glasshouse.model import KEY_BYTES, Block, Head, Line, Record
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
            fields = random_fields(random)
            line = Line(
                at=at + timedelta(seconds=random.random()),
                received_at=at + timedelta(seconds=1),
                instance=instance_id(number),
                fields=fields,
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


def is_made(store: Store, events: int) -> bool:
    """Whether so many are there; a few less come of rounding."""
    try:
        table = store.item_table("bench", "event.ran")
    except KeyError:  # nothing loaded yet
        return False
    return int(store.rows(f"select count(*) from {table}").rows[0][0]) >= events * 0.9


def made(data: Path, events: int, memory: str) -> Store:
    """A store of so many events to ask, closed and opened again; the one that is there already."""
    catalogue = Catalogue(data / "catalogue")
    catalogue.add(SCALE_MANIFEST.encode())
    store = open_store(data / "store", memory)
    journal = RecordJournal([], store.position().offset)
    loader = Loader(journal, store, catalogue, data)  # type: ignore[arg-type]
    if not is_made(store, events):
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
