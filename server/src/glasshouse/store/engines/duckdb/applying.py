"""How a batch becomes rows: named steps inside one transaction.

No step looks at a single row in Python. Lines are read from flat NDJSON with declared columns,
the cheapest way there is (2.0 to 2.5 µs an event), into temporary tables that later steps share.

What is kept about an instance depends on times within the items, never on the order of loading:
first and last are by `at`. `folding.py` keeps it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
from duckdb import DuckDBPyConnection

from glasshouse.model import Outcome as OutcomeOfItem
from glasshouse.model import Reason
from glasshouse.store.column_types import Struct
from glasshouse.store.engines.duckdb.erasing import mark_of
from glasshouse.store.engines.duckdb.folding import FOLD_ROWS, fold
from glasshouse.store.engines.duckdb.identities import IdentityIndex, Numbered
from glasshouse.store.engines.duckdb.memberships import kinds_of
from glasshouse.store.engines.duckdb.quoting import identifier, literal
from glasshouse.store.engines.duckdb.refused import count_refused
from glasshouse.store.engines.duckdb.tables import ItemTable, fields_sql
from glasshouse.store.port import (
    ORGANIZATIONS,
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

SUPPRESSED = OutcomeOfItem.SUPPRESSED.value

ErasedKinds = frozenset[tuple[str, str]]  # product, kind of identity
Incoming = list[tuple[str, Portion, ItemTable]]
Tables = Mapping[tuple[str, str], ItemTable]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch became, and what is true once it is committed."""

    applied: Applied
    numbered: Numbered | None  # ids for the index
    arrivals: int  # rows that wait to be folded


def apply_batch(
    connection: DuckDBPyConnection,
    tables: Tables,
    batch: Batch,
    index: IdentityIndex,
    *,
    arrivals: int,
    erased: ErasedKinds,
    erasure_key: bytes,
    watch: Watch,
) -> Outcome:
    """All steps up to, but without, the commit.

    `arrivals` is how many rows wait to be folded; `erased` of which products and kinds of identity
    something was erased.
    """
    watch("read portions")
    incoming = read_portions(connection, tables, batch.portions)
    stored: Counter[tuple[str, str]] = Counter()
    suppressed: Counter[tuple[str, str]] = Counter()
    numbered = None
    if incoming:
        if erased:
            watch("suppress erased")
            incoming, suppressed = suppress_erased(connection, incoming, erased, erasure_key)
        watch("number identities")
        numbered = number_identities(connection, incoming, index)
        watch("insert rows")
        for name, portion, table in incoming:
            stored[portion.product, portion.door] += insert_rows(connection, name, portion, table)
        watch("note arrivals")
        note_arrivals(connection, incoming)
        arrivals += stored.total()
        if arrivals >= FOLD_ROWS:
            watch("fold")
            fold(connection)
            arrivals = 0
    watch("update accounting")
    arrived = [Tally(*key, "stored", "", items) for key, items in stored.items()]
    refused = [
        Tally(*key, SUPPRESSED, Reason.ERASED.value, items) for key, items in suppressed.items()
    ]
    update_accounting(connection, [*batch.tallies, *arrived, *refused])
    note_refusals(connection, batch.refusals)
    count_refused(connection, batch.refused)
    watch("change keys")
    change_keys(connection, batch.keys)
    watch("move position")
    connection.execute(
        "update store.position set segment = ?, byte_offset = ?",
        (batch.position.segment, batch.position.offset),
    )
    drop_temporary(connection, incoming)
    return Outcome(Applied(dict(stored), dict(suppressed)), numbered, arrivals)


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
    columns.append(f"'fields': {literal(str(table.lines))}")
    if table.identities:
        identities = Struct(dict.fromkeys(table.identities, "VARCHAR"))
        columns.append(f"'identities': {literal(str(identities))}")
    moved = f", {fields_sql(table, 'fields')} as fields" if table.former else ""
    statement = (
        f"create or replace temp table {name} as select * replace ("
        "coalesce(origin, 'production') as origin, coalesce(doubtful_time, false) as doubtful_time"
        f"{moved}) "
        f"from read_ndjson({literal(str(portion.path))}, columns = {{{', '.join(columns)}}})"
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


def suppress_erased(
    connection: DuckDBPyConnection, incoming: Incoming, erased: ErasedKinds, key: bytes
) -> tuple[Incoming, Counter[tuple[str, str]]]:
    """Drop items of erased identities that were made before the erasure: late resends."""
    left: Incoming = []
    suppressed: Counter[tuple[str, str]] = Counter()
    for name, portion, table in incoming:
        rows = 0
        for kind in ("instance", *table.identities):
            if (portion.product, kind) in erased:
                whose = f"e.product = {literal(portion.product)} and e.kind = {literal(kind)}"
                column = kind if kind == "instance" else f"identities.{identifier(kind)}"
                mark = mark_of(key, literal(portion.product), literal(kind), "i.id")
                rows += _drop_erased(connection, name, column, f"{whose} and e.mark = {mark}")
        if rows:
            suppressed[portion.product, portion.door] += rows
            portion = replace(portion, rows=portion.rows - rows)  # noqa: PLW2901
        left.append((name, portion, table))
    return left, suppressed


def _drop_erased(connection: DuckDBPyConnection, name: str, column: str, matches: str) -> int:
    """`matches` says which erasure e befell an id i."""
    deleted = connection.execute(f"""
        delete from {name} t using (
            select i.id, e.asked_at, e.since, e.until
            from (select distinct {column} as id from {name}) i
            join store.erasures e on {matches}
        ) x
        where t.{column} = x.id
          and (t."at" <= x.asked_at or t.doubtful_time)
          and (x.since is null or t."at" >= x.since)
          and (x.until is null or t."at" < x.until)
    """).fetchone()
    return int(deleted[0]) if deleted else 0


def number_identities(
    connection: DuckDBPyConnection, incoming: Incoming, index: IdentityIndex
) -> Numbered:
    """Give every id that is new a surrogate; `known` then holds those of this batch."""
    ids = " union all ".join(
        f"select {literal(portion.product)} as product, {literal(kind)} as kind, {id_} as id "
        f"from {name} where {id_} is not null"
        for name, portion, table in incoming
        for kind, id_ in (
            ("instance", "instance"),
            *((kind, f"identities.{identifier(kind)}") for kind in table.identities),
        )
    )
    connection.execute(
        f"create or replace temp table named as select *, {index.words()} "
        f"from (select distinct * from ({ids}))"
    )
    words = connection.execute("select low, high from named").fetchnumpy()
    numbered = index.number(words["low"], words["high"])
    columns = {
        "low": numbered.low,
        "high": numbered.high,
        "surrogate": numbered.surrogate,
        "fresh": numbered.fresh,
    }
    connection.register("numbers", columns)
    connection.execute("""
        create or replace temp table known as
        select n.product, n.kind, n.id, i.surrogate, i.fresh
        from named n join numbers i on i.low = n.low and i.high = n.high
    """)
    connection.unregister("numbers")
    if numbered.fresh.any():
        connection.execute("""
            insert into store.identities (surrogate, product, kind, id)
            select k.surrogate, k.product, k.kind, k.id from known k where k.fresh
            order by k.surrogate
        """)
    return numbered


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


def note_arrivals(connection: DuckDBPyConnection, incoming: Incoming) -> None:
    """What `folding` will make facts about instances of."""
    heads = " union all ".join(
        f"select {literal(portion.product)} as product, {literal(portion.door)} as door, "
        f't.origin, t.instance, t."at", t.version, t.country, t.region{_owners(table)} '
        f"from {name} t"
        for name, portion, table in incoming
    )
    named = sorted({kind for _, _, table in incoming for kind in kinds_of(table)})
    owners = "".join(f", {kind}" for kind in named)
    surrogates = "".join(f", k_{kind}.surrogate" for kind in named)
    joins = "".join(
        f" left join known k_{kind} on k_{kind}.product = h.product and k_{kind}.kind = '{kind}' "
        f"and k_{kind}.id = h.{kind}"
        for kind in named
    )
    connection.execute(f"""
        insert into store.arrivals (product, origin, instance, "at", version, place, door{owners})
        select h.product, h.origin, k.surrogate, h."at", h.version,
               h.country || '/' || coalesce(h.region, ''), h.door{surrogates}
        from ({heads}) h
        join known k on k.product = h.product and k.kind = 'instance' and k.id = h.instance{joins}
    """)


def _owners(table: ItemTable) -> str:
    """Who answers for the instances of an item's lines: a column for each kind."""
    named = kinds_of(table)
    return "".join(
        f", t.identities.{kind}" if kind in named else f", null as {kind}" for kind in ORGANIZATIONS
    )


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
    for name in [*names, "named", "known"]:
        connection.execute(f"drop table if exists temp.{name}")


def _places(rows: Sequence[tuple[object, ...]]) -> str:
    return ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in rows)


def _flat(rows: Sequence[tuple[object, ...]]) -> list[object]:
    return [value for row in rows for value in row]
