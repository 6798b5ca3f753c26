"""Reads the whole store, and says where its tables do not agree with each other, and what servers
say is wrong with them.
"""

from collections.abc import Iterable, Iterator

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link, StatementError
from glasshouse.store.engines.clickhouse.quoting import identifier
from glasshouse.store.engines.clickhouse.rewriting import ours
from glasshouse.store.engines.clickhouse.tables import ItemTable
from glasshouse.store.port import StoreUnavailableError


def find_problems(link: Link, databases: Databases, tables: Iterable[ItemTable]) -> Iterator[str]:
    """One line a problem."""
    tables = tuple(tables)
    yield from _of_nodes(link, databases)
    ids = databases.own_table("identities")
    for table in tables:
        rows = databases.table(table.product, table.item)
        what = f"{table.product} {table.item}"
        for column in ("instance", *table.identities):
            name = identifier(column)
            yield from _unequal(
                link,
                f"select count() from {rows} where {name} is not null and {name} global not in "
                f"(select surrogate from {ids})",
                f"{what}: rows without their ids",
            )
        # Every column is read, so that a damaged block shows.
        yield from _unequal(
            link, f"select toInt64(sum(ignore(*))) from {rows}", f"{what}: cannot be read"
        )
    yield from _unequal(
        link,
        "select count() from (select surrogate, count() as ids "
        f"from {ids} group by surrogate having ids > 1)",
        "store.identities: ids that share a number",
    )
    yield from _unequal(
        link,
        f"select toInt64(greatest({_items(databases, tables)} - "
        f"(select toInt64(sum(items)) from {databases.own_table('instance_days')}), 0))",
        "items in tables and items of instances differ",
    )


def _items(databases: Databases, tables: Iterable[ItemTable]) -> str:
    counts = [
        f"(select toInt64(count()) from {databases.table(table.product, table.item)})"
        for table in tables
    ]
    return " + ".join(counts) or "0"


def _of_nodes(link: Link, databases: Databases) -> Iterator[str]:
    if not link.cluster:
        return
    for node in link.nodes:
        try:
            found = link.ask_node(
                node,
                "select database, table, is_readonly, queue_size, absolute_delay "
                f"from system.replicas where {ours(databases)} "
                "and (is_readonly or (queue_size > 0 and absolute_delay > 300))",
            )
        except (StoreUnavailableError, StatementError) as error:
            yield f"{node.name}: does not answer: {error}"
            continue
        for database, table, readonly, queue, delay in found.rows:
            state = "is read-only" if readonly else f"is {delay} s behind, with {queue} tasks"
            yield f"{node.name}: {database}.{table} {state}"


def _unequal(link: Link, query: str, what: str) -> Iterator[str]:
    try:
        wrong = link.ask(query).rows[0][0]
    except (StoreUnavailableError, StatementError) as error:
        yield f"{what.partition(':')[0]}: cannot be read: {error}"
        return
    if wrong:
        yield f"{what}: found {wrong}, expected none"
