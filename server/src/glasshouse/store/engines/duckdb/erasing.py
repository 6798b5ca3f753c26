"""Taking items out of the store, with all that was derived from them.

Rows and derived facts are gone for every reader when the transaction commits. Their bytes stay in
the file until it is rewritten (`rewriting.py`).

What is known of an instance follows from its rows, so when some of its rows go, everything derived
of it goes too and its remaining rows are put among the arrivals again, as if they had just come.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.first_days import forget_before
from glasshouse.store.engines.duckdb.identities import Surrogates
from glasshouse.store.engines.duckdb.memberships import forget_gone, kinds_of
from glasshouse.store.engines.duckdb.periods import STEPS
from glasshouse.store.engines.duckdb.quoting import identifier, literal
from glasshouse.store.engines.duckdb.tables import ItemTable
from glasshouse.store.port import Erased, Erasure

TABLES = """
create table if not exists store.erasures (
    name varchar not null, product varchar not null, kind varchar, mark varchar,
    asked_at timestamp not null, since timestamp, until timestamp, rewritten boolean not null
);
"""
DERIVED = (
    "store.arrivals",
    "store.folded_instances",
    "store.closed_first_days",
    "store.folded_memberships",
    *(table for step in STEPS for table in (step.open, step.closed)),
)


def mark_of(key: bytes, product: str, kind: str, identity: str) -> str:
    """SQL for the keyed hash of an identity; all but the key are SQL themselves."""
    secret = literal(key.hex())
    return f"sha256(concat({secret}, {product}, chr(0), {kind}, chr(0), {identity}, {secret}))"


def mark(key: bytes, product: str, kind: str, identity: str) -> str:
    """The same hash, made here: who asks for an erasure need not wait for the engine."""
    secret = key.hex()
    text = f"{secret}{product}\0{kind}\0{identity}{secret}"
    return hashlib.sha256(text.encode()).hexdigest()


def erase(
    connection: DuckDBPyConnection, tables: Sequence[ItemTable], erasure: Erasure, key: bytes
) -> tuple[Erased, Surrogates]:
    """What is gone, and the surrogates of ids that are not kept any more."""
    targets = _targets(connection, erasure, key)
    _begin(connection)
    items = {
        table.item: _erase_rows(connection, table, condition)
        for table in tables
        if (condition := _condition(table, erasure, targets)) is not None
    }
    if targets:
        listed = ", ".join(f"({target})" for target in targets)
        connection.execute(f"insert into candidates values {listed}")
        if erasure.kind == "instance":
            _touch_candidates(connection)
    forgotten = _end(connection, tables, erasure.product)
    return Erased({item: rows for item, rows in items.items() if rows}, len(forgotten)), forgotten


def erase_instances(
    connection: DuckDBPyConnection,
    tables: Sequence[ItemTable],
    erasures: Sequence[Erasure],
    key: bytes,
) -> tuple[Mapping[str, Erased], Surrogates]:
    """Whole instances of one product, together: what went of each, by the erasure's name."""
    found = connection.execute(
        f"""
        with wanted as (select unnest(?::varchar[]) as name, unnest(?::varchar[]) as mark),
        known as (
            select surrogate, id, {mark_of(key, "product", "kind", "id")} as mark
            from store.identities where product = ? and kind = 'instance'
        )
        select name, surrogate, id from wanted join known using (mark)
        """,
        ([e.name for e in erasures], [e.mark for e in erasures], erasures[0].product),
    ).fetchall()
    items: defaultdict[int, Counter[str]] = defaultdict(Counter)
    _begin(connection)
    gone = _no_surrogates()
    if found:
        listed = ", ".join(f"({surrogate})" for _, surrogate, _ in found)
        connection.execute(f"insert into candidates select distinct * from (values {listed})")
        _touch_candidates(connection)
        condition = f"instance in ({', '.join(str(surrogate) for _, surrogate, _ in found)})"
        for table in tables:
            counted = connection.execute(
                f"select instance, count(*) from {table.name} where {condition} group by instance"
            ).fetchall()
            for surrogate, rows in counted:
                items[surrogate][table.item] = rows
            _erase_rows(connection, table, condition)
        gone = _end(connection, tables, erasures[0].product)
    erased = {erasure.name: Erased({}, 0) for erasure in erasures}
    for name, surrogate, instance in found:
        erased[name] = Erased(dict(items[surrogate]), 1, instance)
    return erased, gone


def _begin(connection: DuckDBPyConnection) -> None:
    """`touched`: whose derived facts are made anew. `candidates`: ids that may go."""
    connection.execute(
        "create or replace temp table touched (origin varchar, instance integer);"
        "create or replace temp table candidates (surrogate integer)"
    )


def _touch_candidates(connection: DuckDBPyConnection) -> None:
    connection.execute("""
        insert into touched select distinct origin, instance from store.instances
        where instance in (select surrogate from candidates)
    """)


def _end(connection: DuckDBPyConnection, tables: Sequence[ItemTable], product: str) -> Surrogates:
    _derive_again(connection, tables)
    forgotten = _forget_identities(connection, tables, product)
    connection.execute("drop table temp.touched; drop table temp.candidates")
    return forgotten


def note(connection: DuckDBPyConnection, erasure: Erasure) -> None:
    """Late resends are known by this, and that the file is to be rewritten."""
    connection.execute(
        "insert into store.erasures values (?, ?, ?, ?, ?, ?, ?, false)",
        (
            erasure.name,
            erasure.product,
            erasure.kind,
            erasure.mark,
            erasure.asked_at,
            erasure.since,
            erasure.until,
        ),
    )


def sweep_item(connection: DuckDBPyConnection, table: ItemTable, before: object) -> int:
    """Remove an item's rows made before a time; what is derived of them has its own span."""
    deleted = connection.execute(f'delete from {table.name} where "at" < ?', (before,)).fetchone()
    return int(deleted[0]) if deleted else 0


def sweep_instances(
    connection: DuckDBPyConnection, tables: Sequence[ItemTable], product: str, before: object
) -> tuple[int, Surrogates]:
    """Remove what is derived of before a time, and ids of which nothing else is left."""
    removed = 0
    statements = [
        (f"delete from {table} where product = ? and day < ?::date")
        for step in STEPS
        for table in (step.open, step.closed)
    ]
    statements.append("delete from store.folded_instances where product = ? and last_seen < ?")
    statements.append('delete from store.arrivals where product = ? and "at" < ?')
    for statement in statements:
        deleted = connection.execute(statement, (product, before)).fetchone()
        removed += int(deleted[0]) if deleted else 0
    if not removed:
        return 0, _no_surrogates()
    forget_before(connection, product, before)
    forget_gone(connection, product)
    connection.execute(
        "create or replace temp table candidates as "
        "select surrogate from store.identities where product = ?",
        (product,),
    )
    forgotten = _forget_identities(connection, tables, product)
    connection.execute("drop table temp.candidates")
    return removed, forgotten


def _targets(connection: DuckDBPyConnection, erasure: Erasure, key: bytes) -> list[int]:
    if erasure.kind is None:
        return []
    found = connection.execute(
        "select surrogate from store.identities where product = ? and kind = ? and "
        f"{mark_of(key, 'product', 'kind', 'id')} = ?",
        (erasure.product, erasure.kind, erasure.mark),
    ).fetchall()
    return [row[0] for row in found]


def _condition(table: ItemTable, erasure: Erasure, targets: Sequence[int]) -> str | None:
    """Which rows of a table go; None if none can."""
    terms = []
    if erasure.kind is not None:
        column = erasure.kind
        if column != "instance" and column not in table.identities:
            return None
        if not targets:
            return None
        listed = ", ".join(map(str, targets))
        terms.append(f"{identifier(column)} in ({listed})")
    if erasure.origin is not None:
        terms.append(f"origin = {literal(erasure.origin)}")
    if erasure.since is not None:
        terms.append(f"\"at\" >= timestamp '{erasure.since.isoformat(' ')}'")
    if erasure.until is not None:
        terms.append(f"\"at\" < timestamp '{erasure.until.isoformat(' ')}'")
    return " and ".join(terms) or "true"


def _erase_rows(connection: DuckDBPyConnection, table: ItemTable, condition: str) -> int:
    connection.execute(
        f"insert into touched select distinct origin, instance from {table.name} where {condition}"
    )
    for column in ("instance", *table.identities):
        connection.execute(
            f"insert into candidates select distinct {identifier(column)} from {table.name} "
            f"where ({condition}) and {identifier(column)} is not null"
        )
    deleted = connection.execute(f"delete from {table.name} where {condition}").fetchone()
    return int(deleted[0]) if deleted else 0


def _derive_again(connection: DuckDBPyConnection, tables: Sequence[ItemTable]) -> None:
    connection.execute("create or replace temp table again as select distinct * from touched")
    for derived in DERIVED:
        connection.execute(
            f"delete from {derived} t using again a "
            "where t.instance = a.instance and t.origin = a.origin"
        )
    for table in tables:
        owners = "".join(f", {kind}" for kind in kinds_of(table))
        connection.execute(f"""
            insert into store.arrivals
                   (product, origin, instance, "at", version, place, door{owners})
            select {literal(table.product)}, t.origin, t.instance, t."at", t.version,
                   t.country || '/' || coalesce(t.region, ''), t.door{owners}
            from {table.name} t semi join again a using (instance, origin)
        """)
    connection.execute("drop table temp.again")


def _forget_identities(
    connection: DuckDBPyConnection, tables: Sequence[ItemTable], product: str
) -> Surrogates:
    """Ids that nothing refers to any more are not ours to keep."""
    used = " union all ".join(
        f"select {identifier(column)} as surrogate from {table.name}"
        for table in tables
        for column in ("instance", *table.identities)
    )
    kept = (
        "select instance as surrogate from store.instances union all "
        "select identity as surrogate from store.memberships"
    ) + (f" union all {used}" if used else "")
    # `candidates` builds the small side of the join; the big one is only looked through.
    connection.execute(f"""
        create or replace temp table forgotten as
        with wanted as materialized (
            select distinct c.surrogate from candidates c
            semi join (select surrogate from store.identities where product = {literal(product)}) n
            using (surrogate)
        )
        select surrogate from wanted
        where surrogate not in (
            select distinct k.surrogate from ({kept}) k
            semi join wanted w using (surrogate)
        )
    """)
    connection.execute(
        "delete from store.identities where surrogate in (select surrogate from forgotten)"
    )
    found = connection.execute("select surrogate from forgotten").fetchnumpy()["surrogate"]
    connection.execute("drop table temp.forgotten")
    surrogates: Surrogates = found.astype("int32")
    return surrogates


def _no_surrogates() -> Surrogates:
    return np.zeros(0, dtype=np.int32)
