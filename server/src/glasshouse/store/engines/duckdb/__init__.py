"""DuckDB: one file, one owner process, one writing thread, readers on any other.

The owner holds one connection for writing; each read runs on a cursor of its own, which sees the
last committed state. A full disk invalidates every handle, for reads too; closing and opening the
file again recovers all that was committed, hence `reopen`.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from glasshouse.durability import sync_path
from glasshouse.model import KEY_BYTES, Origin, Position
from glasshouse.store.engines.duckdb import applying, erasing, holding
from glasshouse.store.engines.duckdb.asking import ask
from glasshouse.store.engines.duckdb.checking import find_problems
from glasshouse.store.engines.duckdb.erasing import mark_of
from glasshouse.store.engines.duckdb.gate import Gate
from glasshouse.store.engines.duckdb.identities import IdentityIndex, Surrogates
from glasshouse.store.engines.duckdb.opening import FILE, connect, prepare_tables
from glasshouse.store.engines.duckdb.rewriting import clear_copies, put_in_place, write_copy
from glasshouse.store.engines.duckdb.tables import ItemTable, ensure_table, read_tables
from glasshouse.store.engines.duckdb.transactions import failures, transaction
from glasshouse.store.engines.duckdb.views import make_views
from glasshouse.store.item_schema import check_names
from glasshouse.store.marks import mark
from glasshouse.store.port import (
    Applied,
    Batch,
    Erased,
    Erasure,
    KeyRun,
    KeyState,
    Portion,
    PortionRefusedError,
    Rows,
    StoreError,
    StoreUnavailableError,
    Tally,
    Watch,
    unwatched,
)
from glasshouse.store.query_files import query_text
from glasshouse_sdk.manifest import Manifest


class DuckDBStore:
    """The store in one DuckDB file. See `glasshouse.store.port.Store`."""

    collapses = False

    def __init__(
        self, directory: Path, memory: str, threads: int | None, erasure_key: bytes
    ) -> None:
        self._directory = directory
        self._scratch = directory / "loading"
        self._memory = memory
        self._threads = threads
        self._erasure_key = erasure_key
        self._gate = Gate()
        self._arrivals = 0
        self._erased: frozenset[tuple[str, str]] = frozenset()
        self._writing = threading.RLock()
        self._open()

    def _open(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._scratch.mkdir(exist_ok=True, mode=0o700)
        clear_copies(self._scratch)
        try:
            self._connection = connect(self._directory, self._scratch, self._memory, self._threads)
        except (duckdb.Error, OSError) as error:
            raise StoreUnavailableError(str(error)) from None
        try:
            self._prepare()
        except StoreUnavailableError:
            self._connection.close()
            raise
        except duckdb.Error as error:  # a full disk: even to open it something is written
            with suppress(duckdb.Error):
                self._connection.close()
            raise StoreUnavailableError(str(error)) from None

    def _prepare(self) -> None:
        prepare_tables(self._connection)
        self._tables = read_tables(self._connection)
        self._identities = IdentityIndex(self._connection)
        self._count_arrivals()
        self._know_erasures()
        self._ensured: set[str] = set()
        make_views(self._connection, self._tables.values())

    def ensure(self, manifest: Manifest) -> None:
        """Make or widen the tables and views of a manifest. Idempotent. Raises `SchemaError`."""
        if manifest.digest in self._ensured:
            return
        slug = manifest.product.slug
        with self._transaction() as connection:
            tables = dict(self._tables)
            known = {key: table for key, table in tables.items() if key[0] == slug}
            check_names(manifest.items, known)
            for path, item in manifest.items.items():
                table = ensure_table(connection, slug, item, known.get((slug, path)))
                tables[slug, path] = table
            if tables != self._tables:
                make_views(connection, tables.values())
        self._tables = tables
        self._ensured.add(manifest.digest)

    def apply(self, batch: Batch, watch: Watch = unwatched) -> Applied:
        """Take a batch, whole, in one transaction."""
        with self._transaction() as connection:
            outcome = applying.apply_batch(
                connection,
                self._tables,
                batch,
                self._identities,
                arrivals=self._arrivals,
                erased=self._erased,
                erasure_key=self._erasure_key,
                watch=watch,
            )
            watch("commit")
        self._arrivals = outcome.arrivals
        if outcome.numbered is not None:
            self._identities.settle(outcome.numbered)
        watch("committed")
        return outcome.applied

    def refuses(self, portion: Portion) -> str | None:
        """Why the store would not take this portion, or None if it would."""
        table = self._tables.get((portion.product, portion.item))
        if table is None:
            return "found no table for it, expected a registered item"
        with self._writing, failures():
            try:
                applying.read_portion(self._connection, "probe", portion, table)
            except PortionRefusedError as error:
                return str(error)
            finally:
                self._connection.execute("drop table if exists temp.probe")
        return None

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run a query of ours: the name of a file in `queries/`, or text. From any thread."""
        text = query_text(query)
        with self._cursor() as cursor:
            cursor.execute(text, dict(parameters) if parameters else None)
            columns = tuple(column[0] for column in cursor.description or ())
            return Rows(columns, cursor.fetchall())

    def sql(self, text: str, limit: int = 10_000, seconds: float = 30.0) -> Rows:
        """Run a person's query: reads only, tables and views only. Raises `QueryError`."""
        with self._cursor() as cursor:
            return ask(cursor, text, limit, seconds)

    def item_table(self, product: str, item: str) -> str:
        """The quoted name of the table of an item. Raises `KeyError` if there is none."""
        return self._tables[product, item].name

    def item_tables(self, product: str) -> tuple[ItemTable, ...]:
        """All tables of a product."""
        return tuple(table for table in self._tables.values() if table.product == product)

    def accounting(self) -> list[Tally]:
        """All tallies since the beginning."""
        return self.accounting_at()[1]

    def accounting_at(self) -> tuple[Position, list[Tally]]:
        """The tallies, and the journal position up to which they count, of one moment."""
        rows = self.rows("accounting").rows
        tallies = [Tally(*row[2:]) for row in rows if row[2] is not None]
        return Position(*rows[0][:2]), tallies

    def accounting_of_all(self) -> tuple[Mapping[int, Position], list[Tally]]:
        """The same; the journal has one partition."""
        position, tallies = self.accounting_at()
        return {0: position}, tallies

    def position(self) -> Position:
        """The journal position behind the last applied batch."""
        return Position(*self.rows("position").rows[0])

    def keys(self) -> KeyState:
        """The repeat keys in force."""
        runs = tuple(KeyRun(*row) for row in self.rows("key_runs").rows)
        fresh = self.rows("fresh_keys").rows
        newest = max((day for _, day in fresh), default=None)
        return KeyState(runs, b"".join(keys for keys, _ in fresh), newest)

    def erase_origin(self, product: str, origin: Origin) -> int:
        """Remove a product's items of one origin and all derived from them; how many items."""
        now = datetime.now(UTC).replace(tzinfo=None)
        name = f"{product} {origin.value} {now.isoformat()}"
        erased = self._erase(Erasure(name, product, now, origin=origin.value), note=False)
        return sum(erased.items.values())

    def known_before(self, keys: bytes) -> Sequence[bool]:
        """None: nothing was taken over."""
        return [False] * (len(keys) // KEY_BYTES)

    def take_over(self, keys: bytes, removed: Sequence[Tally], name: str) -> None:
        """Not here: what is moved goes from this store to another."""
        raise StoreError("found a store in a file, expected one in ClickHouse to move into")

    def mark(self, product: str, kind: str, identity: str) -> str:
        """The keyed hash that stands for an identity in erasures."""
        return mark(self._erasure_key, product, kind, identity)

    def instances_of(self, erasure: Erasure) -> list[str]:
        """Ids of instances that an erasure leaves nothing of, as far as the store knows them."""
        if (
            erasure.since
            or erasure.until
            or erasure.origin
            or erasure.kind not in (None, "instance")
        ):
            return []
        mark = mark_of(self._erasure_key, "product", "kind", "id")
        found = self.rows(
            "select id from store.identities where product = $product and kind = 'instance' "
            f"and (cast($mark as varchar) is null or {mark} = $mark)",
            {"product": erasure.product, "mark": erasure.mark},
        )
        return [row[0] for row in found.rows]

    def erase(self, erasure: Erasure) -> Erased:
        """Remove items and all derived from them, in one transaction. Again: nothing more."""
        if erasure.name in self.erasures():
            return Erased({}, 0)
        return self._erase(erasure, note=True)

    def _erase(self, erasure: Erasure, *, note: bool) -> Erased:
        tables = self.item_tables(erasure.product)
        with self._transaction() as connection:
            erased, forgotten = erasing.erase(connection, tables, erasure, self._erasure_key)
            if note:
                erasing.note(connection, erasure)
        self._identities.forget(forgotten)
        self._count_arrivals()
        self._know_erasures()
        return erased

    def erase_instances(self, erasures: Sequence[Erasure]) -> Mapping[str, Erased]:
        """Many erasures, each of one whole instance, in one transaction; what went, by name."""
        done = self.erasures()
        wanted = [erasure for erasure in erasures if erasure.name not in done]
        erased: dict[str, Erased] = {}
        forgotten: list[Surrogates] = []
        with self._transaction() as connection:
            for product in dict.fromkeys(erasure.product for erasure in wanted):
                of_product = [erasure for erasure in wanted if erasure.product == product]
                tables = self.item_tables(product)
                found, gone = erasing.erase_instances(
                    connection, tables, of_product, self._erasure_key
                )
                erased |= found
                forgotten.append(gone)
            for erasure in wanted:
                erasing.note(connection, erasure)
        for gone in forgotten:
            self._identities.forget(gone)
        self._count_arrivals()
        self._know_erasures()
        return erased

    def erasures(self) -> frozenset[str]:
        """Names of the erasures that this store has done."""
        return frozenset(row[0] for row in self.rows("select name from store.erasures").rows)

    def sweep(self, product: str, item: str | None, before: datetime) -> int:
        """Remove what is older, of one item or (None) what is kept about instances; how much."""
        with self._transaction() as connection:
            if item is not None:
                table = self._tables.get((product, item))
                return erasing.sweep_item(connection, table, before) if table else 0
            removed, forgotten = erasing.sweep_instances(
                connection, self.item_tables(product), product, before
            )
        self._identities.forget(forgotten)
        self._count_arrivals()
        return removed

    def rewrite_due(self) -> bool:
        """Whether bytes of what was erased may still lie in the file."""
        found = self.rows("select count(*) from store.erasures where not rewritten")
        return bool(found.rows[0][0])

    def rewrite(self) -> None:
        """Put a new file in place of this one, with what it holds and nothing else."""
        with self._writing, failures():
            self._connection.execute("update store.erasures set rewritten = true")
            try:
                copy = write_copy(self._connection, self._scratch)
                self._connection.execute("checkpoint")
            except BaseException:
                self._connection.execute("update store.erasures set rewritten = false")
                raise
            with self._gate.shut():
                self._connection.close()
                try:
                    put_in_place(copy, self._directory / FILE)
                finally:
                    self._open()

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the store's file, synced."""
        with self._writing, failures():
            copy = write_copy(self._connection, self._scratch)
        try:
            shutil.copyfile(copy, path)
            sync_path(path)
        finally:
            clear_copies(self._scratch)

    def held(self, product: str, kind: str, identity: str) -> Iterator[dict[str, Any]]:
        """All that is held about one identity: an object per row, with the table it lies in."""
        with self._cursor() as cursor:
            yield from holding.held(cursor, self.item_tables(product), product, kind, identity)

    def problems(self) -> list[str]:
        """What is wrong inside the file, found by reading all of it."""
        return list(find_problems(self.rows, self._tables.values()))

    def checkpoint(self) -> None:
        """Move what was committed from the log into the file."""
        with self._writing, failures():
            self._connection.execute("checkpoint")

    def reopen(self) -> None:
        """Drop every handle and open the file again, after `StoreUnavailableError`."""
        with self._writing, self._gate.shut():
            with suppress(duckdb.Error):  # an invalidated handle; the next recovers from the log
                self._connection.close()
            self._open()

    def close(self) -> None:
        """Checkpoint and let go of the file."""
        with self._writing:
            self._connection.close()

    def _count_arrivals(self) -> None:
        counted = self._connection.execute("select count(*) from store.arrivals").fetchone()
        self._arrivals = int(counted[0]) if counted else 0

    def _know_erasures(self) -> None:
        found = self._connection.execute(
            "select distinct product, kind from store.erasures where kind is not null"
        ).fetchall()
        self._erased = frozenset((product, kind) for product, kind in found)

    @contextmanager
    def _transaction(self) -> Iterator[DuckDBPyConnection]:
        with self._writing, transaction(self._connection):
            yield self._connection

    @contextmanager
    def _cursor(self) -> Iterator[DuckDBPyConnection]:
        with self._gate.passing(), failures():
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
