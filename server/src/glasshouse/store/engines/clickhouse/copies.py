"""On how many servers what was inserted lies, before the journal may forget it.

An insert is on one replica when it is done, and soon on the others. The position behind it is noted
when enough replicas have it: until then its records stay in the journal, so that a replica whose
disk is lost at the wrong moment loses nothing that was acknowledged.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from glasshouse.store.engines.clickhouse.link import Link, Node, StatementError
from glasshouse.store.engines.clickhouse.quoting import identifier
from glasshouse.store.port import StoreUnavailableError

ENOUGH = 2
PATIENCE = 10  # seconds; after them it is looked at again with the next batch

Name = tuple[str, str]  # database, table


def is_copied(link: Link, tables: Iterable[Name], copies: int | None) -> bool:
    """Whether every shard has what was inserted into these tables on enough of its replicas."""
    if not link.cluster:
        return True
    wanted = [".".join(map(identifier, table)) for table in dict.fromkeys(tables)]
    ordered = sorted(link.nodes)
    for _, members in groupby(ordered, key=lambda node: node.shard):
        replicas = list(members)
        enough = min(copies or ENOUGH, len(replicas))
        if enough > 1 and _caught_up(link, replicas, wanted) < enough:
            return False
    return True


def _caught_up(link: Link, replicas: Sequence[Node], tables: Sequence[str]) -> int:
    """How many replicas have all that was inserted on any of them until now."""
    return sum(_has_all(link, node, tables) for node in replicas)


def _has_all(link: Link, node: Node, tables: Sequence[str]) -> bool:
    try:
        for table in tables:
            link.ask_node(node, f"system sync replica {table}", {"receive_timeout": PATIENCE})
    except (StoreUnavailableError, StatementError):
        return False
    return True
