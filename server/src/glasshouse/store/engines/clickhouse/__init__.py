"""ClickHouse: a cluster of servers, one server, or the engine in this process.

Nothing here is a transaction. Everything that is inserted may be inserted again: see `applying.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from glasshouse.model import Origin, Position
from glasshouse.store.engines.clickhouse.address import parse_address
from glasshouse.store.engines.clickhouse.applying import Applier
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link
from glasshouse.store.engines.clickhouse.opening import open_link
from glasshouse.store.engines.clickhouse.queries import query_text
from glasshouse.store.engines.clickhouse.schema import Schema
from glasshouse.store.engines.clickhouse.suppressing import Erasures
from glasshouse.store.engines.clickhouse.tables import ItemTable, decoded, follow
from glasshouse.store.engines.clickhouse.translating import READING, translate
from glasshouse.store.engines.duckdb.tables import check_names
from glasshouse.store.marks import mark
from glasshouse.store.port import (
    Applied,
    Batch,
    Erased,
    Erasure,
    KeyState,
    Portion,
    PortionRefusedError,
    Rows,
    Tally,
    Watch,
    unwatched,
)
from glasshouse_sdk.manifest import Manifest


def open_clickhouse(
    directory: Path, address: str, memory: str, erasure_key: bytes, partition: int
) -> "ClickHouseStore":
    """The store at an address; `directory` is for what a link keeps on this machine."""
    return ClickHouseStore(directory, address, memory, erasure_key, partition)


class ClickHouseStore:
    """The store in ClickHouse. See `glasshouse.store.port.Store`."""

    collapses = True

    def __init__(
        self, directory: Path, address: str, memory: str, erasure_key: bytes, partition: int
    ) -> None:
        self._directory = directory
        self._address = parse_address(address)
        self._memory = memory
        self._erasure_key = erasure_key
        self._partition = partition
        self._databases = Databases(self._address.database)
        self._open()

    def _open(self) -> None:
        self._link: Link = open_link(self._address, self._directory)
        self._schema = Schema(self._link, self._databases)
        for node in self._link.nodes:
            self._schema.prepare_own(node)
        self._tables = self._read_tables()
        for node in self._link.nodes:
            for table in self._tables.values():
                self._schema.prepare_item(node, table)
            self._schema.prepare_people(node, self._tables.values())
        self._applier = Applier(self._link, self._databases, self._partition)
        self._ensured: set[str] = set()

    def ensure(self, manifest: Manifest) -> None:
        """Make or widen the tables and views of a manifest. Idempotent. Raises `SchemaError`."""
        if manifest.digest in self._ensured:
            return
        slug = manifest.product.slug
        known = {key: table for key, table in self._tables.items() if key[0] == slug}
        check_names(manifest.items, known)
        changed = {}
        for path, item in manifest.items.items():
            table = follow(item, slug, known.get((slug, path)))
            if table != known.get((slug, path)):
                changed[slug, path] = table
        tables = {**self._tables, **changed}
        for node in self._link.nodes:
            for table in changed.values():
                self._schema.prepare_item(node, table)
            if changed:
                self._schema.prepare_people(node, tables.values())
        self._note_tables(changed)
        self._tables = tables
        self._ensured.add(manifest.digest)

    def _read_tables(self) -> dict[tuple[str, str], ItemTable]:
        found = self._link.ask(
            f"select product, item, declared from {self._own('rows.item_tables')} final "
            "order by product, item"
        )
        return {
            (product, item): decoded(product, item, declared)
            for product, item, declared in found.rows
        }

    def _note_tables(self, changed: Mapping[tuple[str, str], ItemTable]) -> None:
        if not changed:
            return
        found = self._link.ask(f"select max(revision) from {self._own('rows.item_tables')}")
        revision = int(found.rows[0][0] or 0) + 1
        columns = ("product", "item", "declared", "revision")
        rows = [(*key, table.encoded(), revision) for key, table in changed.items()]
        self._link.insert(
            self._link.nodes, self._own("rows.item_tables"), columns, list(map(list, zip(*rows)))
        )

    def apply(self, batch: Batch, watch: Watch = unwatched) -> Applied:
        """Take a batch. Applied again, whole or in part, it changes nothing."""
        applied = self._applier.apply(self._tables, batch, self._erased(), watch)
        watch("move position")
        self._applier.note_position(batch.position)
        watch("committed")
        return applied

    def refuses(self, portion: Portion) -> str | None:
        """Why the store would not take this portion, or None if it would."""
        table = self._tables.get((portion.product, portion.item))
        if table is None:
            return "found no table for it, expected a registered item"
        try:
            self._applier.read(table, portion)
        except PortionRefusedError as error:
            return str(error)
        return None

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run a query of ours: the name of a file in `queries/`, or text. From any thread."""
        text = translate(query_text(query), parameters or {}, self._databases)
        return self._link.ask(text, READING)

    def item_table(self, product: str, item: str) -> str:
        """The quoted name of what has each of an item's rows once. Raises `KeyError`."""
        table = self._tables[product, item]
        return self._databases.table(table.product, table.item)

    def accounting(self) -> list[Tally]:
        """All tallies since the beginning."""
        return self.accounting_at()[1]

    def position(self) -> Position:
        """How far the journal's partition is loaded."""
        found = self._link.ask(
            f"select segment, byte_offset from {self._own('positions')} "
            f"where partition = {self._partition} order by segment desc limit 1"
        )
        return Position(*found.rows[0]) if found.rows else Position(0, 0)

    def keys(self) -> KeyState:
        """None: rows collapse by their keys."""
        return KeyState()

    def mark(self, product: str, kind: str, identity: str) -> str:
        """The keyed hash that stands for an identity in erasures."""
        return mark(self._erasure_key, product, kind, identity)

    def checkpoint(self) -> None:
        """Nothing waits: what was inserted is in its table."""

    def reopen(self) -> None:
        """Drop every handle and open the store again, after `StoreUnavailableError`."""
        self._link.close()
        self._open()

    def close(self) -> None:
        """Let go of all connections."""
        self._link.close()

    def _erased(self) -> Erasures:
        return Erasures({}, self.mark)

    def _own(self, table: str) -> str:
        return self._databases.own_table(table)
