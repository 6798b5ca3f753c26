"""Deleting rows for good: on every replica, waited for."""

import time
from collections.abc import Iterator, Sequence

from glasshouse.store.engines.clickhouse.link import Link, Node
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.port import StoreUnavailableError

PATIENCE = 600.0  # seconds for a deletion on all replicas
LOOK_EVERY = 0.05
LISTED = 8_000  # numbers in one statement, which may have 256 KB


def shards(link: Link) -> Iterator[Sequence[Node]]:
    """The nodes of each shard."""
    for shard in sorted({node.shard for node in link.nodes}):
        yield [node for node in link.nodes if node.shard == shard]


def delete(link: Link, database: str, table: str, condition: str) -> None:
    """Delete what the condition is true of; every replica has done so when this returns.

    Raises `StoreUnavailableError` if one is away: what it has cannot be deleted meanwhile.
    """
    name = f"{identifier(database)}.{identifier(table)}"
    begun = []
    for nodes in shards(link):
        before = _known(link, nodes[0], database, table)
        link.ask_node(nodes[0], f"alter table {name} delete where {condition}")
        begun.append((nodes, _begun(link, nodes[0], (database, table), before)))
    for nodes, mutation in begun:
        for node in nodes:
            _wait(link, node, database, table, mutation)


def delete_listed(
    link: Link, database: str, table: str, listed: tuple[str, Sequence[int]], more: str = "1"
) -> None:
    """Delete rows whose column is one of some numbers, and of which `more` is true."""
    column, numbers = listed
    for start in range(0, len(numbers), LISTED):
        some = ", ".join(map(str, numbers[start : start + LISTED]))
        delete(link, database, table, f"{identifier(column)} in ({some}) and ({more})")


def _of(database: str, table: str) -> str:
    return f"database = {literal(database)} and table = {literal(table)}"


def _known(link: Link, node: Node, database: str, table: str) -> set[str]:
    query = f"select mutation_id from system.mutations where {_of(database, table)}"
    return {row[0] for row in link.ask_node(node, query).rows}


def _begun(link: Link, node: Node, where: tuple[str, str], before: set[str]) -> str:
    """The name of a mutation that was begun since, as soon as the node tells of it.

    Replicas know it by the same name, and mutations are done in the order of their names.
    """
    give_up = time.monotonic() + PATIENCE
    while not (new := _known(link, node, *where) - before):
        if time.monotonic() > give_up:
            raise StoreUnavailableError(f"{node.name} does not begin to delete rows of {where[1]}")
        time.sleep(LOOK_EVERY)
    return max(new)


def _wait(link: Link, node: Node, database: str, table: str, mutation: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        found = link.ask_node(
            node,
            "select count() from system.mutations "
            f"where {_of(database, table)} and mutation_id = {literal(mutation)} and is_done",
        )
        if found.rows[0][0]:
            return
        if time.monotonic() > give_up:
            raise StoreUnavailableError(
                f"{node.name} has not deleted rows of {database}.{table} in {PATIENCE:g} s: "
                "system.mutations says why"
            )
        time.sleep(LOOK_EVERY)
