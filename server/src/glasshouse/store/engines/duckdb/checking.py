"""Reads the whole store, and says where its tables do not agree with each other."""

from collections.abc import Callable, Iterable, Iterator

from glasshouse.store.engines.duckdb.periods import STEPS
from glasshouse.store.engines.duckdb.quoting import identifier
from glasshouse.store.engines.duckdb.tables import ItemTable
from glasshouse.store.port import Rows, StoreError

Ask = Callable[[str], Rows]


def find_problems(ask: Ask, tables: Iterable[ItemTable]) -> Iterator[str]:
    tables = tuple(tables)
    for table in tables:
        columns = ", ".join(
            f"count(*) filter (where {identifier(name)} is not null and {identifier(name)} not in "
            "(select surrogate from store.identities))"
            for name in ("instance", *table.identities)
        )
        # Every column is read, so that a damaged block shows.
        query = f"select {columns}, max(hash(t)) from {table.name} t"
        yield from _unequal(ask, query, f"{table.product} {table.item}: rows without their ids")
    yield from _unequal(
        ask,
        "select count(*) - count(distinct (product, kind, id)) from store.identities",
        "store.identities: ids that stand twice",
    )
    yield from _unequal(ask, _difference(tables), "items in tables and items of instances differ")
    for step in STEPS:
        yield from _unequal(
            ask,
            f"""select count(*) from (select count(*) as rows from {step.closed}
                group by origin, day, instance having rows > 1)""",
            f"{step.closed}: instances that stand twice in a period",
        )


def _difference(tables: Iterable[ItemTable]) -> str:
    rows = " + ".join(f"(select count(*) from {table.name})" for table in tables) or "0"
    kept = "(select coalesce(sum(items), 0) from store.instances)"
    return f"select greatest(0, {rows} - {kept})::bigint"


def _unequal(ask: Ask, query: str, what: str) -> Iterator[str]:
    try:
        found = ask(query).rows[0]
    except StoreError as error:
        yield f"{what.partition(':')[0]}: cannot be read: {error}"
        return
    wrong = sum(value for value in found[: len(found) - ("hash(" in query)])
    if wrong:
        yield f"{what}: found {wrong}, expected none"
