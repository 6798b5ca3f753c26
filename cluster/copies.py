"""A copy of what the ClickHouse servers hold, by their own means, and its way back.

    copy_of(cluster, directory)             ALTER TABLE … FREEZE, and the parts that this links
    put_back(cluster, directory)            tables as they were, parts attached to one replica each

As an operator of servers of 2018 does it; later ones have BACKUP and RESTORE. A copy needs each
table once, from any of its replicas.
"""

import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.clickhouse import PASSWORD, USER, ClickHouseCluster, Node

STATEMENTS = "tables.json"
OF_THE_SERVER = ("system", "default")


class StatementError(RuntimeError):
    """A server did not do what was asked; the text is its own."""


@dataclass(frozen=True, slots=True)
class Table:
    """A replicated table that one server has a replica of."""

    database: str
    name: str
    node: Node

    @property
    def full_name(self) -> str:
        return f"`{self.database}`.`{self.name}`"

    @property
    def path(self) -> Path:
        """Where its parts lie, below `data` of a server, and below each shadow of it."""
        return Path("data") / escaped(self.database) / escaped(self.name)


def copy_of(cluster: ClickHouseCluster, directory: Path) -> None:
    """Copy every table while the servers run."""
    directory.mkdir(parents=True)
    nodes = list(cluster.nodes.values())
    made = {node.name: _made(node) for node in nodes}
    (directory / STATEMENTS).write_text(json.dumps(made))
    for table in _replicated(nodes):
        said = ask(table.node, f"select distinct partition_id from system.parts where active and "
                   f"database = '{table.database}' and table = '{table.name}'")  # fmt: skip
        for partition in said.split():
            ask(table.node, f"alter table {table.full_name} freeze partition id '{partition}'")
    for node in nodes:
        shadow = node.data / "shadow"
        for frozen in shadow.glob("*/data"):
            shutil.copytree(frozen, directory / node.name / "data", dirs_exist_ok=True)
        shutil.rmtree(shadow, ignore_errors=True)


def drop_all(cluster: ClickHouseCluster) -> None:
    """As if the servers were new."""
    for node in cluster.nodes.values():
        for database in _databases(node):
            ask(node, f"drop database `{database}`")


def put_back(cluster: ClickHouseCluster, directory: Path) -> None:
    """Make servers that have nothing as they were when the copy was made."""
    nodes = list(cluster.nodes.values())
    for name, statements in json.loads((directory / STATEMENTS).read_text()).items():
        _make(cluster.nodes[name], statements)
    for table in _replicated(nodes):
        parts = directory / table.node.name / table.path
        detached = table.node.data / table.path / "detached"
        for part in sorted(parts.iterdir()) if parts.exists() else ():
            shutil.copytree(part, detached / part.name)
            ask(table.node, f"alter table {table.full_name} attach part '{part.name}'")
    for node in nodes:
        for table in _replicas_of(node).values():
            ask(node, f"system sync replica {table.full_name}")


def ask(node: Node, statement: str) -> str:
    """What a server answers, as text. Raises `StatementError`."""
    query = urllib.parse.urlencode({"user": USER, "password": PASSWORD})
    address = f"http://127.0.0.1:{node.http}/?{query}"
    try:
        with urllib.request.urlopen(address, statement.encode(), timeout=120) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        said = error.read().decode()[:500]
        raise StatementError(f"{node.name}: {statement[:200]}: {said}") from None


def escaped(name: str) -> str:
    """As servers write it in names of files."""
    return "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else "".join(f"%{b:02X}" for b in c.encode())
        for c in name
    )


def _databases(node: Node) -> list[str]:
    found = ask(node, "select name from system.databases").split()
    return [name for name in found if name not in OF_THE_SERVER]


def _made(node: Node) -> dict[str, list[str]]:
    """Of each database, the statements that its tables and views were made by."""
    made = {}
    for database in _databases(node):
        said = ask(node, "select create_table_query from system.tables where database = "
                   f"'{database}' and name not like '.inner.%' format JSONCompact")  # fmt: skip
        made[database] = [row[0] for row in json.loads(said)["data"]]
    return made


def _make(node: Node, made: dict[str, list[str]]) -> None:
    for database in made:
        ask(node, f"create database `{database}`")
    missing = [statement for statements in made.values() for statement in statements]
    while missing:
        # A view needs what it reads; which that is only the server knows.
        left = [statement for statement in missing if not _is_made(node, statement)]
        if len(left) == len(missing):
            ask(node, left[0])
        missing = left


def _is_made(node: Node, statement: str) -> bool:
    try:
        ask(node, statement)
    except StatementError:
        return False
    return True


def _replicas_of(node: Node) -> Mapping[str, Table]:
    """The tables of a server by their path in ZooKeeper, which all replicas of one share."""
    said = ask(
        node, "select zookeeper_path, database, table from system.replicas format JSONCompact"
    )
    return {path: Table(database, name, node) for path, database, name in json.loads(said)["data"]}


def _replicated(nodes: Sequence[Node]) -> Sequence[Table]:
    """Each table once, with the first server of those that have the same rows."""
    tables: dict[str, Table] = {}
    for node in nodes:
        tables = {**_replicas_of(node), **tables}
    return list(tables.values())
