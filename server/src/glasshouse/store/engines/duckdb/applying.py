"""How a batch becomes rows: named steps inside one transaction.

No step looks at a single row in Python. Lines are read from flat NDJSON with declared columns,
the cheapest way there is (2.0 to 2.5 µs an event), into temporary tables that later steps share.

What is kept about an instance depends on times within the items, never on the order of loading:
first and last are by `at`, and of two at the same time the greater value counts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import duckdb
from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.columns import Struct
from glasshouse.store.engines.duckdb.quoting import identifier, literal
from glasshouse.store.engines.duckdb.tables import ItemTable
from glasshouse.store.port import (
    Applied,
    Batch,
    KeyChange,
    Portion,
    PortionRefusedError,
    RefusalNote,
    Tally,
    Watch,
)

REFUSALS_KEPT = 10_000

LINE = (
    ("at", "TIMESTAMP"),
    ("received_at", "TIMESTAMP"),
    ("instance", "VARCHAR"),
    ("version", "VARCHAR"),
    ("country", "VARCHAR"),
    ("region", "VARCHAR"),
    ("origin", "VARCHAR"),
    ("doubtful_time", "BOOLEAN"),
)

Incoming = list[tuple[str, Portion, ItemTable]]
Tables = Mapping[tuple[str, str], ItemTable]


def apply_batch(
    connection: DuckDBPyConnection, tables: Tables, batch: Batch, watch: Watch
) -> Applied:
    """All steps up to, but without, the commit."""
    watch("read portions")
    incoming = read_portions(connection, tables, batch.portions)
    stored: Counter[tuple[str, str]] = Counter()
    if incoming:
        watch("summarize instances")
        summarize_instances(connection, incoming)
        watch("number identities")
        number_identities(connection, incoming)
        watch("insert rows")
        for name, portion, table in incoming:
            stored[portion.product, portion.door] += insert_rows(connection, name, portion, table)
        watch("update instances")
        update_instance_days(connection)
        update_instances(connection)
    watch("update accounting")
    arrived = [Tally(*key, "stored", "", items) for key, items in stored.items()]
    update_accounting(connection, [*batch.tallies, *arrived])
    note_refusals(connection, batch.refusals)
    watch("change keys")
    change_keys(connection, batch.keys)
    watch("move position")
    connection.execute(
        "update store.position set segment = ?, byte_offset = ?",
        (batch.position.segment, batch.position.offset),
    )
    drop_temporary(connection, incoming)
    return Applied(dict(stored))


def read_portions(
    connection: DuckDBPyConnection, tables: Tables, portions: Sequence[Portion]
) -> Incoming:
    incoming = []
    for number, portion in enumerate(portions):
        table = tables.get((portion.product, portion.item))
        if table is None:
            raise PortionRefusedError(portion, "found no table for it, expected a registered item")
        name = f"incoming_{number}"
        read_portion(connection, name, portion, table)
        incoming.append((name, portion, table))
    return incoming


def read_portion(
    connection: DuckDBPyConnection, name: str, portion: Portion, table: ItemTable
) -> None:
    """Read a portion's file into a temporary table. Raises `PortionRefusedError`."""
    columns = [f"{literal(column)}: {literal(type_)}" for column, type_ in LINE]
    columns.append(f"'fields': {literal(str(table.fields))}")
    if table.identities:
        identities = Struct(dict.fromkeys(table.identities, "VARCHAR"))
        columns.append(f"'identities': {literal(str(identities))}")
    statement = (
        f"create or replace temp table {name} as select * replace ("
        "coalesce(origin, 'production') as origin, coalesce(doubtful_time, false) as doubtful_time)"
        f" from read_ndjson({literal(str(portion.path))}, columns = {{{', '.join(columns)}}})"
    )
    try:
        connection.execute(statement)
    except (duckdb.DataError, duckdb.ProgrammingError) as error:
        # The engine's own message quotes the value, so only its kind is passed on.
        raise PortionRefusedError(portion, type(error).__name__) from None
    counted = connection.execute(
        f'select count(*), count("at"), count(received_at), count(instance) from {name}'
    ).fetchone()
    if counted != (portion.rows,) * 4:
        raise PortionRefusedError(
            portion,
            f"found {counted} lines, times, times of receipt and instances, expected "
            f"{portion.rows} of each",
        )


def summarize_instances(connection: DuckDBPyConnection, incoming: Incoming) -> None:
    """One row per instance, origin and day of the batch; much smaller than the batch."""
    heads = " union all ".join(
        f"select {literal(portion.product)} as product, {literal(portion.door)} as door, "
        f't.origin, t.instance, t."at", t.version, t.country, t.region from {name} t'
        for name, portion, _ in incoming
    )
    connection.execute(f"""
        create or replace temp table days as
        select h.product, h.origin, h.instance, h."at"::date as day,
               count(*) as items, min(h."at") as first_seen,
               max({{'at': h."at", 'door': h.door}}) as last,
               min({{'at': h."at", 'version': h.version}}) filter (where h.version is not null)
                   as oldest,
               max({{'at': h."at", 'version': h.version}}) filter (where h.version is not null)
                   as newest,
               max({{'at': h."at", 'place': h.country || '/' || coalesce(h.region, '')}})
                   filter (where h.country is not null) as place
        from ({heads}) h group by all
    """)


def number_identities(connection: DuckDBPyConnection, incoming: Incoming) -> None:
    """Give every id that is new a surrogate; `known` then holds those of this batch."""
    others = "".join(
        f" union select {literal(portion.product)}, {literal(kind)}, "
        f"t.identities.{identifier(kind)} from {name} t "
        f"where t.identities.{identifier(kind)} is not null"
        for name, portion, table in incoming
        for kind in table.identities
    )
    connection.execute(f"""
        create or replace temp table known as
        select b.product, b.kind, b.id, n.surrogate is null as fresh,
               coalesce(n.surrogate, top.surrogate + row_number()
                        over (partition by n.surrogate is null))::integer as surrogate
        from (select distinct product, 'instance' as kind, instance as id from days{others}) b
        left join store.identities n using (product, kind, id)
        cross join (select coalesce(max(surrogate), 0) as surrogate from store.identities) top
    """)
    connection.execute("""
        insert into store.identities (surrogate, product, kind, id)
        select k.surrogate, k.product, k.kind, k.id from known k where k.fresh
    """)
    connection.execute("""
        create or replace temp table numbered as
        select d.* exclude (instance), k.surrogate as instance
        from days d
        join known k on k.product = d.product and k.kind = 'instance' and k.id = d.instance
    """)


def insert_rows(
    connection: DuckDBPyConnection, name: str, portion: Portion, table: ItemTable
) -> int:
    others = "".join(f", k_{kind}.surrogate" for kind in table.identities)
    joins = "".join(
        f" left join known k_{kind} on k_{kind}.product = {literal(portion.product)} and "
        f"k_{kind}.kind = {literal(kind)} and k_{kind}.id = t.identities.{identifier(kind)}"
        for kind in table.identities
    )
    columns = "".join(f", {identifier(kind)}" for kind in table.identities)
    inserted = connection.execute(f"""
        insert into {table.name} ("at", received_at, instance, version, country, region, origin,
                                  door, doubtful_time{columns}, fields)
        select t."at", t.received_at, k.surrogate, t.version, t.country, t.region, t.origin,
               {literal(portion.door)}, t.doubtful_time{others}, t.fields
        from {name} t
        join known k on k.product = {literal(portion.product)} and k.kind = 'instance'
                    and k.id = t.instance{joins}
    """).fetchone()
    rows = int(inserted[0]) if inserted else 0
    if rows != portion.rows:
        raise PortionRefusedError(portion, f"inserted {rows} rows, expected {portion.rows}")
    return rows


def update_instance_days(connection: DuckDBPyConnection) -> None:
    # Sorted, here and below, because rows stand in about that order: DuckDB updates rows that come
    # in the order of the table forty times as fast as rows that come in any other.
    connection.execute("""
        merge into store.instance_days t
        using (
            select d.product, d.origin, d.day, d.instance,
                   max(d.newest) as newest, sum(d.items)::bigint as items
            from numbered d
            group by all
            order by d.day, d.instance
        ) s
        on t.instance = s.instance and t.day = s.day and t.origin = s.origin
           and t.product = s.product
        when matched then update set
            items = t.items + s.items,
            version = case when s.newest is not null and (t.version is null
                or (s.newest.at, s.newest.version) > (t.version_at, t.version))
                then s.newest.version else t.version end,
            version_at = greatest(t.version_at, s.newest.at)
        when not matched then insert
            (product, origin, day, instance, version, version_at, items)
            values (s.product, s.origin, s.day, s.instance, s.newest.version, s.newest.at, s.items)
    """)


def update_instances(connection: DuckDBPyConnection) -> None:
    # Plain columns rather than structs: updating a struct costs four times as much.
    connection.execute("""
        merge into store.instances t
        using (
            select d.product, d.origin, d.instance, sum(d.items)::bigint as items,
                   min(d.first_seen) as first_seen, max(d.last) as last, min(d.oldest) as oldest,
                   max(d.newest) as newest, max(d.place) as place
            from numbered d
            group by all
            order by d.instance
        ) s
        on t.instance = s.instance and t.origin = s.origin and t.product = s.product
        when matched then update set
            items = t.items + s.items,
            first_seen = least(t.first_seen, s.first_seen),
            last_seen = greatest(t.last_seen, s.last.at),
            door = case when (s.last.at, s.last.door) > (t.last_seen, t.door)
                then s.last.door else t.door end,
            first_version = case when s.oldest is not null and (t.first_version is null
                or (s.oldest.at, s.oldest.version) < (t.first_version_at, t.first_version))
                then s.oldest.version else t.first_version end,
            first_version_at = least(t.first_version_at, s.oldest.at),
            current_version = case when s.newest is not null and (t.current_version is null
                or (s.newest.at, s.newest.version) > (t.current_version_at, t.current_version))
                then s.newest.version else t.current_version end,
            current_version_at = greatest(t.current_version_at, s.newest.at),
            place = case when s.place is not null and (t.place is null
                or (s.place.at, s.place.place) > (t.place_at, t.place))
                then s.place.place else t.place end,
            place_at = greatest(t.place_at, s.place.at)
        when not matched then insert
            (product, origin, instance, first_seen, last_seen, door, first_version,
             first_version_at, current_version, current_version_at, place, place_at, items)
            values (s.product, s.origin, s.instance, s.first_seen, s.last.at, s.last.door,
                    s.oldest.version, s.oldest.at, s.newest.version, s.newest.at,
                    s.place.place, s.place.at, s.items)
    """)


def update_accounting(connection: DuckDBPyConnection, tallies: Sequence[Tally]) -> None:
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for tally in tallies:
        sums[tally.product, tally.door, tally.outcome, tally.reason] += tally.items
    rows = [(*key, items) for key, items in sums.items() if items]
    if not rows:
        return
    connection.execute(
        f"""
        merge into store.accounting t
        using (values {_places(rows)}) s(product, door, outcome, reason, items)
        on t.product = s.product and t.door = s.door and t.outcome = s.outcome
           and t.reason = s.reason
        when matched then update set items = t.items + s.items
        when not matched then insert (product, door, outcome, reason, items)
            values (s.product, s.door, s.outcome, s.reason, s.items)
        """,
        _flat(rows),
    )


def note_refusals(connection: DuckDBPyConnection, notes: Sequence[RefusalNote]) -> None:
    if not notes:
        return
    newest = connection.execute("select coalesce(max(seq), 0) from store.refusals").fetchone()
    start = int(newest[0]) if newest else 0
    rows = [
        (start + n, r.product, r.door, r.item, r.field, r.outcome, r.reason, r.at, r.items)
        for n, r in enumerate(notes[-REFUSALS_KEPT:], 1)
    ]
    connection.execute(
        'insert into store.refusals (seq, product, door, item, field, outcome, reason, "at", items)'
        f" values {_places(rows)}",
        _flat(rows),
    )
    connection.execute(
        "delete from store.refusals where seq <= ?", (start + len(rows) - REFUSALS_KEPT,)
    )


def change_keys(connection: DuckDBPyConnection, change: KeyChange) -> None:
    if change.absorbed:
        connection.execute("delete from store.fresh_keys")
    elif change.fresh:
        connection.execute("insert into store.fresh_keys values (?, ?)", (change.fresh, change.day))
    for name in change.removed:
        connection.execute("delete from store.key_runs where name = ?", (name,))
    for run in change.added:
        connection.execute(
            "insert into store.key_runs values (?, ?, ?, ?)",
            (run.name, run.keys, run.checksum, run.newest_day),
        )


def drop_temporary(connection: DuckDBPyConnection, incoming: Incoming) -> None:
    names = [name for name, _, _ in incoming]
    for name in [*names, "days", "known", "numbered"]:
        connection.execute(f"drop table if exists temp.{name}")


def _places(rows: Sequence[tuple[object, ...]]) -> str:
    return ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in rows)


def _flat(rows: Sequence[tuple[object, ...]]) -> list[object]:
    return [value for row in rows for value in row]
