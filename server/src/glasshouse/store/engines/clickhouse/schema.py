"""Makes the tables and views on every node, and gives tables the columns they lack.

No statement is left to the servers to pass on (ON CLUSTER waits for a node that is down): each node
that answers is brought up to date by itself, and one that was away when it is seen again.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from glasshouse.store.engines.clickhouse.columns import field_column, members
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link, Node, StatementError
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.engines.clickhouse.tables import (
    EVERYWHERE,
    PASSING,
    ItemTable,
    Table,
    columns_sql,
    decoded,
    own_tables,
    rows_table,
)
from glasshouse.store.engines.clickhouse.views import (
    View,
    item_views,
    own_views,
    people_views,
)
from glasshouse.store.port import StoreUnavailableError

DUPLICATE_COLUMN = 15
TRY_AGAIN = 5.0  # seconds between two looks at a node that was away
FIELDS = "fields."  # columns that a newer declaration may widen
LOCAL = "local."  # what a shard has of its own, under a distributed table of the same name


class Schema:
    """The tables and views of one installation."""

    def __init__(self, link: Link, databases: Databases) -> None:
        self._link = link
        self._databases = databases
        self._behind: dict[Node, float] = {}  # nodes to bring up to date, and when to try

    def prepare(self) -> dict[tuple[str, str], ItemTable]:
        """Make what is missing on every node that answers; the item tables there are.

        Raises `StoreUnavailableError` if no node of a shard answers.
        """
        self._on_each(self._prepare_own)
        tables = self.read_tables()
        self._on_each(lambda node: self._prepare_items(node, tables))
        return tables

    def follow(
        self,
        known: Mapping[tuple[str, str], ItemTable],
        changed: Mapping[tuple[str, str], ItemTable],
    ) -> None:
        """Make or widen the tables and views of items that are new or have changed."""
        if not changed:
            return
        tables = {**known, **changed}

        def prepare(node: Node) -> None:
            for table in changed.values():
                self._prepare_item(node, table)
            self._prepare_people(node, tables.values())

        self._on_each(prepare)
        self._note_tables(changed)

    def catch_up(self, tables: Mapping[tuple[str, str], ItemTable]) -> None:
        """Bring nodes up to date that were away while something was made, if they are back."""
        for node, when in list(self._behind.items()):
            if time.monotonic() < when:
                continue
            try:
                self._prepare_own(node)
                self._prepare_items(node, tables)
            except StoreUnavailableError:
                self._behind[node] = time.monotonic() + TRY_AGAIN
            else:
                del self._behind[node]

    def _on_each(self, do: Callable[[Node], None]) -> None:
        """Do it on every node; those that do not answer have it done later."""
        answered = set()
        for node in self._link.nodes:
            try:
                do(node)
            except StoreUnavailableError as error:
                self._behind[node] = time.monotonic() + TRY_AGAIN
                failure = error
            else:
                answered.add(node.shard)
        if answered != {node.shard for node in self._link.nodes}:
            raise StoreUnavailableError(f"no server of a shard answers: {failure}")

    def revision(self) -> int:
        """Grows whenever any process makes or widens a table."""
        name = self._databases.own_table("rows.item_tables")
        return int(self._link.ask(f"select max(revision) from {name}").rows[0][0] or 0)

    def read_tables(self) -> dict[tuple[str, str], ItemTable]:
        found = self._link.ask(
            "select product, item, declared "
            f"from {self._databases.own_table('rows.item_tables')} final order by product, item"
        )
        return {
            (product, item): decoded(product, item, declared)
            for product, item, declared in found.rows
        }

    def _note_tables(self, changed: Mapping[tuple[str, str], ItemTable]) -> None:
        name = self._databases.own_table("rows.item_tables")
        revision = self.revision() + 1
        rows = [(*key, table.encoded(), revision) for key, table in changed.items()]
        columns = ("product", "item", "declared", "revision")
        data = [list(column) for column in zip(*rows, strict=True)]
        self._link.insert(self._link.nodes, name, columns, data)

    def _prepare_items(self, node: Node, tables: Mapping[tuple[str, str], ItemTable]) -> None:
        for table in tables.values():
            self._prepare_item(node, table)
        self._prepare_people(node, tables.values())

    def _prepare_own(self, node: Node) -> None:
        """The store's own tables and views on a node."""
        for database in (self._databases.people, self._databases.own):
            self._do(node, f"create database if not exists {identifier(database)}")
        for table in own_tables(self._link.dialect):
            self._make_table(node, self._databases.own, table)
        for view in own_views(self._databases):
            self._make_view(node, view, anew=self._link.dialect.replaces_views)

    def _prepare_item(self, node: Node, table: ItemTable) -> None:
        """The table and views of an item on a node."""
        database = self._databases.of_product(table.product)
        self._do(node, f"create database if not exists {identifier(database)}")
        rows = rows_table(table, self._link.dialect)
        self._make_table(node, database, rows)
        # Another replica may have widened the table: what counts is whether the view shows it all.
        shown = self._columns(node, database, table.item)
        wanted = (*table.identities, *map(field_column, members(table.fields)))
        changed = any(shown.get(name) != rows.columns[name] for name in wanted)
        for view in item_views(self._databases, table, self._link.dialect):
            self._make_view(node, view, anew=changed)

    def _prepare_people(self, node: Node, tables: Iterable[ItemTable]) -> None:
        """The views over all products on a node."""
        if not self._link.dialect.joins:
            return
        for view in people_views(self._databases, tuple(tables)):
            self._make_view(node, view, anew=True)

    def _make_table(self, node: Node, database: str, table: Table) -> None:
        """Make or widen it."""
        name = f"{identifier(database)}.{identifier(table.name)}"
        there = self._columns(node, database, table.name)
        if not there:
            there = self._columns_of_others(node, database, table) or table.columns
            self._do(
                node,
                f"create table if not exists {name} ({columns_sql(there)}) "
                f"engine = {self._engine(node, database, table)}",
            )
        for column, type_ in table.columns.items():
            if column not in there:
                self._alter(node, f"{name} add column {identifier(column)} {type_}")
            elif column.startswith(FIELDS) and there[column] != type_:
                self._alter(node, f"{name} modify column {identifier(column)} {type_}")

    def _columns_of_others(self, node: Node, database: str, table: Table) -> Mapping[str, str]:
        """Those that another replica has: the order of columns must be the same, in which they were
        added as the declaration grew.
        """
        for other in self._link.nodes:
            related = table.spread == EVERYWHERE or other.shard == node.shard
            if other != node and related and other not in self._behind:
                with suppress(StoreUnavailableError):
                    return self._columns(other, database, table.name)
        return {}

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
SETTINGS = {"old_parts_lifetime": 1}
# A repeated block is not dropped by its hash, for what was erased may have to come again, and what
# follows from it; rows that come twice are collapsed by their keys (docs/decisions/0117).
REPLICATED_SETTINGS = {
    "replicated_deduplication_window": 0,
    "cleanup_delay_period": 5,
    "cleanup_delay_period_random_add": 1,
    # A server that was killed may have a part that its replica has not; in a table of few rows that
    # was too many for it to start. It fetches what is right from the other one.
    "replicated_max_ratio_of_wrong_parts": 1,
}
