"""Folding: arrivals become facts about instances and their days, weeks and months.

Part of the transaction of the batch that fills the arrivals up. `periods.py` tells the levels.
"""

from collections.abc import Callable

from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb import first_days, memberships
from glasshouse.store.engines.duckdb.periods import DAY, MERGED, MONTH, ROW, STEPS, WEEK, Step

Take = Callable[[DuckDBPyConnection, Step], None]

FOLD_ROWS = 1 << 19  # arrivals that are folded at once: a second or so of work
LATE_ROWS = 1 << 18  # rows of closed periods that are merged at once
OPEN_ROWS = 1 << 20  # rows of one open table that are made fewer at once

# What arrivals tell of an instance. Goes before `from store.arrivals` and a `group by`.
FACTS = """
       count(*)::bigint as items, min("at") as first_seen, max("at") as last_seen,
       arg_max(door, store.rank_of("at", door)) as door,
       arg_min(version, store.rank_of("at", version)) as first_version,
       min("at") filter (where version is not null) as first_version_at,
       arg_max(version, store.rank_of("at", version)) as current_version,
       max("at") filter (where version is not null) as current_version_at,
       arg_max(place, store.rank_of("at", place)) as place,
       max("at") filter (where place is not null) as place_at
"""
COMBINED = """
       min(first_seen) as first_seen, max(last_seen) as last_seen,
       arg_max(door, store.rank_of(last_seen, door)) as door,
       arg_min(first_version, store.rank_of(first_version_at, first_version)) as first_version,
       min(first_version_at) as first_version_at,
       arg_max(current_version, store.rank_of(current_version_at, current_version))
           as current_version,
       max(current_version_at) as current_version_at,
       arg_max(place, store.rank_of(place_at, place)) as place, max(place_at) as place_at,
       sum(items)::bigint as items
"""
"""One row of several about an instance."""


def fold(connection: DuckDBPyConnection) -> None:
    """Empty store.arrivals into the tables of what is known."""
    connection.execute(f"""
        create or replace temp table folding as
        select product, origin, instance, "at"::date as day, {FACTS}
        from store.arrivals group by all
    """)
    memberships.fold(connection)
    connection.execute("delete from store.arrivals")
    merge_instances(connection)
    connection.execute(f"""
        insert into {DAY.open} ({ROW})
        select product, origin, day, instance, current_version, current_version_at, items
        from folding
    """)
    connection.execute("drop table temp.folding")
    for step in STEPS:
        close_periods(connection, step)


def merge_instances(connection: DuckDBPyConnection) -> None:
    # Sorted, here and below, because rows stand in about that order: DuckDB updates rows that come
    # in the order of the table forty times as fast as rows that come in any other. Plain columns
    # rather than structs: updating a struct costs four times as much.
    connection.execute(f"""
        merge into store.folded_instances t
        using (select product, origin, instance, {COMBINED} from folding
               group by product, origin, instance order by instance) s
        on t.instance = s.instance and t.origin = s.origin
        when matched then update set
            items = t.items + s.items,
            first_seen = least(t.first_seen, s.first_seen),
            last_seen = greatest(t.last_seen, s.last_seen),
            door = case when store.rank_of(s.last_seen, s.door) > store.rank_of(t.last_seen, t.door)
                then s.door else t.door end,
            first_version = case when s.first_version is not null and (t.first_version is null
                or store.rank_of(s.first_version_at, s.first_version)
                   < store.rank_of(t.first_version_at, t.first_version))
                then s.first_version else t.first_version end,
            first_version_at = least(t.first_version_at, s.first_version_at),
            current_version = case when s.current_version is not null
                and (t.current_version is null
                or store.rank_of(s.current_version_at, s.current_version)
                   > store.rank_of(t.current_version_at, t.current_version))
                then s.current_version else t.current_version end,
            current_version_at = greatest(t.current_version_at, s.current_version_at),
            place = case when s.place is not null and (t.place is null
                or store.rank_of(s.place_at, s.place) > store.rank_of(t.place_at, t.place))
                then s.place else t.place end,
            place_at = greatest(t.place_at, s.place_at)
        when not matched then insert
            (product, origin, instance, first_seen, last_seen, door, first_version,
             first_version_at, current_version, current_version_at, place, place_at, items)
            values (s.product, s.origin, s.instance, s.first_seen, s.last_seen, s.door,
                    s.first_version, s.first_version_at, s.current_version, s.current_version_at,
                    s.place, s.place_at, s.items)
    """)


def close_periods(connection: DuckDBPyConnection, step: Step) -> None:
    """Move what will not grow any more to the closed table, and merge what came late."""
    connection.execute(f"""
        create or replace temp table bounds as
        select o.product, o.origin, {_until(step)} as until, any_value(c.day) as before
        from {step.open} o
        left join store.closed_until c
               on c.step = '{step.name}' and c.product = o.product and c.origin = o.origin
        left join store.closed_until d
               on d.step = 'day' and d.product = o.product and d.origin = o.origin
        group by o.product, o.origin
    """)
    ends = f"from {step.open} o join bounds b using (product, origin) where o.day <= b.until"
    counted = connection.execute(f"""
        select count(*) filter (where b.before is null or o.day > b.before),
               count(*) filter (where o.day <= b.before)
        from {step.open} o join bounds b using (product, origin)
        where o.day <= b.until or o.day <= b.before
    """).fetchone()
    ended, late = counted or (0, 0)
    if ended:
        _move(connection, step, f"{ends} and (b.before is null or o.day > b.before)", _append)
        connection.execute(f"""
            merge into store.closed_until t using bounds b
            on t.step = '{step.name}' and t.product = b.product and t.origin = b.origin
            when matched and t.day < b.until then update set day = b.until
            when not matched and b.until is not null
                then insert values ('{step.name}', b.product, b.origin, b.until)
        """)
    if late >= LATE_ROWS:
        late_rows = f"from {step.open} o join bounds b using (product, origin)"
        _move(connection, step, f"{late_rows} where o.day <= b.before", _merge)
    connection.execute("drop table temp.bounds")
    left = connection.execute(f"select count(*) from {step.open}").fetchone()
    if left and left[0] >= OPEN_ROWS:
        _compact(connection, step)


def _until(step: Step) -> str:
    """Days end two days after them; weeks and months when their last day has."""
    return step.ended("max(o.day) - 1" if step is DAY else "any_value(d.day) + 1")


def _move(connection: DuckDBPyConnection, step: Step, rows: str, take: Take) -> None:
    """Take rows out of the open table into the closed one, and days on into longer periods."""
    connection.execute(f"create or replace temp table moving as {MERGED} {rows} group by all")
    take(connection, step)
    if step is DAY:
        for longer in (WEEK, MONTH):
            connection.execute(f"""
                insert into {longer.open} ({ROW})
                select product, origin, {longer.start("day")}, instance, version, version_at, items
                from moving
            """)
    connection.execute(f"""
        delete from {step.open} o using (select distinct product, origin, day from moving) m
        where o.product = m.product and o.origin = m.origin and o.day = m.day
    """)
    connection.execute("drop table temp.moving")


def _append(connection: DuckDBPyConnection, step: Step) -> None:
    connection.execute(
        f"insert into {step.closed} ({ROW}) select {ROW} from moving order by day, instance"
    )
    if step is DAY:
        first_days.add_closed(connection, "temp.moving")


def _merge(connection: DuckDBPyConnection, step: Step) -> None:
    connection.execute(f"""
        merge into {step.closed} t using (from moving order by day, instance) s
        on t.instance = s.instance and t.day = s.day and t.origin = s.origin
        when matched then update set
            items = t.items + s.items,
            version = case when s.version is not null and (t.version is null or
                store.rank_of(s.version_at, s.version) > store.rank_of(t.version_at, t.version))
                then s.version else t.version end,
            version_at = greatest(t.version_at, s.version_at)
        when not matched then insert ({ROW})
            values (s.product, s.origin, s.day, s.instance, s.version, s.version_at, s.items)
    """)
    if step is DAY:
        first_days.derive_again(connection, "temp.moving")


def _compact(connection: DuckDBPyConnection, step: Step) -> None:
    """One row per instance and period again, where a busy period has many."""
    connection.execute(
        f"create or replace temp table moving as {MERGED} from {step.open} group by all"
    )
    connection.execute(f"delete from {step.open}")
    connection.execute(f"insert into {step.open} ({ROW}) select {ROW} from moving")
    connection.execute("drop table temp.moving")
