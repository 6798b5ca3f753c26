"""Makes the tables and views on every node, and gives tables the columns they lack.

No statement is left to the servers to pass on (ON CLUSTER waits for a node that is down): each node
that answers is brought up to date by itself, and one that was away when it is seen again.
"""

from collections.abc import Iterable, Mapping

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link, Node, StatementError
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.engines.clickhouse.tables import (
    EVERYWHERE,
    PASSING,
    ItemTable,
    Table,
    columns_sql,
    own_tables,
    rows_table,
)
from glasshouse.store.engines.clickhouse.views import (
    View,
    item_views,
    own_views,
    people_views,
)

DUPLICATE_COLUMN = 15
FIELDS = "fields."  # columns that a newer declaration may widen
LOCAL = "local."  # what a shard has of its own, under a distributed table of the same name


class Schema:
    """The tables and views of one installation."""

    def __init__(self, link: Link, databases: Databases) -> None:
        self._link = link
        self._databases = databases

    def prepare_own(self, node: Node) -> None:
        """The store's own tables and views on a node."""
        for database in (self._databases.people, self._databases.own):
            self._do(node, f"create database if not exists {identifier(database)}")
        for table in own_tables(self._link.dialect):
            self._make_table(node, self._databases.own, table)
        for view in own_views(self._databases):
            self._make_view(node, view, anew=self._link.dialect.replaces_views)

    def prepare_item(self, node: Node, table: ItemTable) -> None:
        """The table and views of an item on a node."""
        database = self._databases.of_product(table.product)
        self._do(node, f"create database if not exists {identifier(database)}")
        changed = self._make_table(node, database, rows_table(table, self._link.dialect))
        for view in item_views(self._databases, table, self._link.dialect):
            self._make_view(node, view, anew=changed)

    def prepare_people(self, node: Node, tables: Iterable[ItemTable]) -> None:
        """The views over all products on a node."""
        for view in people_views(self._databases, tuple(tables), self._link.dialect):
            self._make_view(node, view, anew=True)

    def _make_table(self, node: Node, database: str, table: Table) -> bool:
        """Make or widen it; whether anything was done."""
        name = f"{identifier(database)}.{identifier(table.name)}"
        there = self._columns(node, database, table.name)
        if not there:
            self._do(
                node,
                f"create table if not exists {name} ({columns_sql(table.columns)}) "
                f"engine = {self._engine(node, database, table)}",
            )
            return True
        changed = False
        for column, type_ in table.columns.items():
            if column not in there:
                self._alter(node, f"{name} add column {identifier(column)} {type_}")
                changed = True
            elif column.startswith(FIELDS) and there[column] != type_:
                self._alter(node, f"{name} modify column {identifier(column)} {type_}")
                changed = True
        return changed

    def _alter(self, node: Node, change: str) -> None:
        try:
            self._do(node, f"alter table {change}")
        except StatementError as error:
            if error.code != DUPLICATE_COLUMN:  # another replica was quicker
                raise

    def _engine(self, node: Node, database: str, table: Table) -> str:
        if table.spread == PASSING:
            return "Null"
        family, arguments = table.engine, [identifier(table.version)] if table.version else []
        if self._link.cluster:
            part = "all" if table.spread == EVERYWHERE else f"{node.shard + 1}"
            path = f"/clickhouse/glasshouse/{self._link.cluster}/{part}/{database}/{table.name}"
            replica = f"{node.host}-{node.port}"
            family = f"Replicated{family}"
            arguments = [literal(path), literal(replica), *arguments]
        by = f" partition by {table.partition}" if table.partition else ""
        order = ", ".join(map(identifier, table.order))
        settings = dict(SETTINGS)
        if self._link.cluster:
            settings |= REPLICATED_SETTINGS
        given = ", ".join(f"{name} = {value}" for name, value in settings.items())
        return f"{family}({', '.join(arguments)}){by} order by ({order}) settings {given}"

    def _make_view(self, node: Node, view: View, *, anew: bool) -> None:
        database = identifier(view.database)
        if view.filled:
            self._do(
                node,
                f"create materialized view if not exists {database}.{identifier(view.name)} "
                f"to {view.filled} as {view.query}",
            )
            return
        spread = bool(self._link.cluster) and view.sharded
        local = f"{LOCAL}{view.name}" if spread else view.name
        self._put(node, "view", f"{database}.{identifier(local)}", f"as {view.query}", anew=anew)
        if spread:
            columns = self._columns(node, view.database, local)
            self._put(
                node,
                "table",
                f"{database}.{identifier(view.name)}",
                f"({columns_sql(columns)}) engine = Distributed({identifier(self._link.cluster)}, "
                f"{literal(view.database)}, {literal(local)})",
                anew=anew,
            )

    def _put(self, node: Node, what: str, name: str, text: str, *, anew: bool) -> None:
        if not anew:
            self._do(node, f"create {what} if not exists {name} {text}")
        elif self._link.dialect.replaces_views:
            self._do(node, f"create or replace {what} {name} {text}")
        else:
            self._do(node, f"drop table if exists {name}")
            self._do(node, f"create {what} if not exists {name} {text}")

    def _columns(self, node: Node, database: str, table: str) -> Mapping[str, str]:
        found = self._link.ask_node(
            node,
            "select name, type from system.columns "
            f"where database = {literal(database)} and table = {literal(table)}",
        )
        return dict(found.rows)

    def _do(self, node: Node, text: str) -> None:
        self._link.ask_node(node, text)


# What was merged or deleted is not to lie about: an erasure waits until it is gone.
SETTINGS = {"old_parts_lifetime": 10}
# A repeated block is not dropped by its hash, for what was erased may have to come again, and what
# follows from it; rows that come twice are collapsed by their keys (docs/decisions/0118).
REPLICATED_SETTINGS = {"replicated_deduplication_window": 0}
