"""When the bytes of what was deleted are gone.

A deletion writes new parts; the old ones are taken from the disk a few seconds later (the setting
`old_parts_lifetime` of our tables). Parts that a server found damaged, or did not expect, at its
start lie in a directory `detached`; nothing removes those by itself.
"""

import time

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link
from glasshouse.store.engines.clickhouse.quoting import literal
from glasshouse.store.port import StoreUnavailableError

PATIENCE = 600.0  # seconds for old parts to go, on all nodes
LOOK_EVERY = 0.5


def ours(databases: Databases, column: str = "database") -> str:
    """True of our databases."""
    return (
        f"({column} = {literal(databases.name)} or "
        f"startsWith({column}, {literal(databases.name + '_')}))"
    )


def wait_for_old_parts(link: Link, databases: Databases) -> None:
    """Every node has taken the parts from its disk that were replaced before this call."""
    for node in link.nodes:
        query = (
            f"select database, table, name from system.parts where {ours(databases)} and not active"
        )
        old = set(link.ask_node(node, query).rows)
        give_up = time.monotonic() + PATIENCE
        while old:
            time.sleep(LOOK_EVERY)
            old &= set(link.ask_node(node, query).rows)
            if time.monotonic() > give_up:
                raise StoreUnavailableError(
                    f"{node.name} keeps {len(old)} replaced parts for more than {PATIENCE:g} s"
                )


def drop_detached(link: Link, databases: Databases) -> None:
    """Remove what lies in `detached`, on servers that can tell what does."""
    if not link.dialect.tells_detached:
        return
    for node in link.nodes:
        found = link.ask_node(
            node,
            f"select database, table, name from system.detached_parts where {ours(databases)}",
        )
        for database, table, name in found.rows:
            link.ask_node(
                node,
                f'alter table "{database}"."{table}" drop detached part {literal(name)}',
                {"allow_drop_detached": 1},
            )
