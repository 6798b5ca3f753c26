"""The way to ClickHouse: servers of a cluster, one server, or the engine in this process.

A link finds its nodes itself. Rows that belong to an instance lie on one shard, on every replica of
it; what is about the whole installation lies on every node.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from glasshouse.store.engines.clickhouse.dialect import Dialect
from glasshouse.store.port import Rows

Settings = Mapping[str, int | str]
Column = Sequence[Any]


class StatementError(Exception):
    """The engine understood a statement and refused it. `code` is its own number for why."""

    def __init__(self, code: int, why: str) -> None:
        self.code = code
        super().__init__(why)


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One server. Shards are counted from 0."""

    shard: int
    host: str
    port: int

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


ALONE = Node(0, "localhost", 0)


class Link(Protocol):
    """What the store needs of ClickHouse. Every call may be made from any thread.

    All raise `StoreUnavailableError` if no node that could do it answers, and `StatementError`.
    """

    @property
    def nodes(self) -> Sequence[Node]:
        """All of them, whether they answer or not."""

    @property
    def cluster(self) -> str:
        """The cluster's name; empty for one server."""

    @property
    def dialect(self) -> Dialect:
        """Of the node that answered first."""

    def ask(self, text: str, settings: Settings | None = None) -> Rows:
        """Ask whichever node answers."""

    def ask_node(self, node: Node, text: str, settings: Settings | None = None) -> Rows:
        """Ask this one."""

    def insert(
        self, nodes: Iterable[Node], table: str, columns: Sequence[str], data: Sequence[Column]
    ) -> Node:
        """Insert columns of values on one of these nodes, and say on which."""

    def close(self) -> None:
        """Let go of all connections."""
