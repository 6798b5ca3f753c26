"""ClickHouse: a cluster of servers, one server, or the engine in this process.

Nothing here is a transaction. Everything that is inserted may be inserted again: see `applying.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glasshouse.model import Origin, Position
from glasshouse.store.engines.clickhouse.accounting import read_positions, read_tallies
from glasshouse.store.engines.clickhouse.address import parse_address
from glasshouse.store.engines.clickhouse.applying import Applier
from glasshouse.store.engines.clickhouse.asking import ask
from glasshouse.store.engines.clickhouse.checking import find_problems
from glasshouse.store.engines.clickhouse.copies import is_copied
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.erasing import ASKED, DONE, Eraser
from glasshouse.store.engines.clickhouse.holding import held
from glasshouse.store.engines.clickhouse.lines import ticks_of
from glasshouse.store.engines.clickhouse.link import Link, StatementError
from glasshouse.store.engines.clickhouse.moved import MovedKeys, take_removed
from glasshouse.store.engines.clickhouse.opening import open_link
from glasshouse.store.engines.clickhouse.quoting import literal
from glasshouse.store.engines.clickhouse.rewriting import drop_detached, wait_for_old_parts
from glasshouse.store.engines.clickhouse.schema import Schema
from glasshouse.store.engines.clickhouse.suppressing import Befallen, Erasures
from glasshouse.store.engines.clickhouse.tables import ItemTable, follow
from glasshouse.store.engines.clickhouse.translating import READING, translate
from glasshouse.store.item_schema import check_names
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
    StoreError,
    StoreUnavailableError,
    Tally,
    Watch,
    unwatched,
)
from glasshouse.store.query_files import query_text
from glasshouse_sdk.manifest import Manifest

MOST_RACES = 5  # with other processes that change the same tables


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
        try:
            self._schema = Schema(self._link, self._databases)
            self._tables = self._schema.prepare()
            self._revision = self._schema.revision()
        except StatementError as error:
            raise StoreUnavailableError(str(error)) from None
        self._applier = Applier(self._link, self._databases, self._partition)
        self._eraser = Eraser(self._link, self._databases, self._erasure_key)
        self._moved = MovedKeys(self._link, self._databases)
        self._ensured: set[str] = set()
        self._owed: Position | None = None  # inserted, and not on enough replicas yet

    def ensure(self, manifest: Manifest) -> None:
        """Make or widen the tables and views of a manifest. Idempotent. Raises `SchemaError`."""
        if manifest.digest in self._ensured:
            return
        with _failures():
            for _ in range(MOST_RACES):
                self._follow_others()
                changed = self._changes(manifest)
                if not changed:
                    break
                self._schema.follow(self._tables, changed)
            else:
                raise StoreUnavailableError("other processes change the same tables all the time")
        self._ensured.add(manifest.digest)

    def _changes(self, manifest: Manifest) -> dict[tuple[str, str], ItemTable]:
        """The tables that a manifest makes or widens."""
        slug = manifest.product.slug
        known = {key: table for key, table in self._tables.items() if key[0] == slug}
        check_names(manifest.items, known)
        wanted = {
            (slug, path): follow(item, slug, known.get((slug, path)))
            for path, item in manifest.items.items()
        }
        return {key: table for key, table in wanted.items() if table != known.get(key)}

    def _follow_others(self) -> None:
        """Know the tables that other processes have made or widened."""
        revision = self._schema.revision()
        if revision != self._revision:
            self._tables = self._schema.read_tables()
            self._revision = revision

    def apply(self, batch: Batch, watch: Watch = unwatched) -> Applied:
        """Take a batch. Applied again, whole or in part, it changes nothing."""
        with _failures():
            self._follow_others()
            self._schema.catch_up(self._tables)
            applied = self._applier.apply(self._tables, batch, self._erased(), watch)
            self._owed = batch.position
            watch("move position")
            self._note_position()
        watch("committed")
        return applied

    def _note_position(self) -> None:
        """Note how far the journal is loaded, once that is on enough replicas."""
        if self._owed is None:
            return
        if is_copied(self._link, self._applier.inserted, self._address.copies):
            self._applier.note_position(self._owed)
            self._owed = None

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
        text = translate(query_text(query), parameters or {}, self._databases, self._link.dialect)
        with _failures():
            return self._link.ask(text, READING)

    def sql(self, text: str, limit: int = 10_000, seconds: float = 30.0) -> Rows:
        """Run a person's query: reads only, tables and views only. Raises `QueryError`."""
        memory = bytes_of(self._memory)
        return ask(self._link, self._databases, text, limit=limit, seconds=seconds, memory=memory)

    def item_table(self, product: str, item: str) -> str:
        """The quoted name of what has each of an item's rows once. Raises `KeyError`."""
        if (product, item) not in self._tables:
            with _failures():
                self._follow_others()
        table = self._tables[product, item]
        return self._databases.table(table.product, table.item)

    def accounting(self) -> list[Tally]:
        """All tallies since the beginning."""
        return self.accounting_at()[1]

    def accounting_at(self) -> tuple[Position, list[Tally]]:
        """The tallies, and the position of this partition up to which they count."""
        positions, tallies = self.accounting_of_all()
        return positions.get(self._partition, Position(0, 0)), tallies

    def accounting_of_all(self) -> tuple[Mapping[int, Position], list[Tally]]:
        """The same with the position of each of the journal's partitions."""
        with _failures():
            positions = read_positions(self._link, self._databases)
            tallies = read_tallies(self._link, self._databases, self._tables.values(), positions)
        return positions, tallies

    def position(self) -> Position:
        """How far the journal's partition is loaded."""
        with _failures():
            positions = read_positions(self._link, self._databases)
        return positions.get(self._partition, Position(0, 0))

    def keys(self) -> KeyState:
        """None: rows collapse by their keys."""
        return KeyState()

    def known_before(self, keys: bytes) -> Sequence[bool]:
        """Which of these keys were taken over from another store."""
        with _failures():
            return self._moved.known(keys)

    def take_over(self, keys: bytes, removed: Sequence[Tally], name: str) -> None:
        """Know these keys as repeats, and count these rows as stored. Again: nothing changes."""
        with _failures():
            self._moved.take(keys)
            take_removed(self._link, self._databases, name, removed)

    def mark(self, product: str, kind: str, identity: str) -> str:
        """The keyed hash that stands for an identity in erasures."""
        return mark(self._erasure_key, product, kind, identity)

    def erase_origin(self, product: str, origin: Origin) -> int:
        """Remove a product's items of one origin and all derived from them; how many items."""
        now = datetime.now(UTC).replace(tzinfo=None)
        name = f"{product} {origin.value} {now.isoformat()}"
        erasure = Erasure(name, product, now, origin=origin.value)
        with _failures():
            erased = self._eraser.erase(self._of_product(product), erasure)
        return sum(erased.items.values())

    def instances_of(self, erasure: Erasure) -> list[str]:
        """Ids of instances that an erasure leaves nothing of, as far as the store knows them."""
        bounded = erasure.since or erasure.until or erasure.origin
        if bounded or erasure.kind not in (None, "instance"):
            return []
        with _failures():
            if erasure.mark is not None:
                known = self._eraser.known(erasure.product, "instance", (erasure.mark,))
                return [id_ for _, id_ in known.values()]
            found = self._link.ask(
                f"select id from {self._own('identities')} "
                f"where product = {literal(erasure.product)} and kind = 'instance'"
            )
        return [row[0] for row in found.rows]

    def erase(self, erasure: Erasure) -> Erased:
        """Remove items and all derived from them, on every replica.

        Again: what a slow loader brought since, of what was made until the erasure was asked for.
        """
        with _failures():
            done = self._erasure_states().get(erasure.name, 0) >= DONE
            if done and erasure.kind is None:
                return Erased({}, 0)
            if not done:
                self._eraser.note(erasure, ASKED)
            erased = self._eraser.erase(self._of_product(erasure.product), erasure, again=done)
            if not done or erased.items:
                self._eraser.note(erasure, DONE)
        return erased

    def erase_instances(self, erasures: Sequence[Erasure]) -> Mapping[str, Erased]:
        """Many erasures, each of one whole instance, together; what went, by name."""
        erased: dict[str, Erased] = {}
        with _failures():
            states = self._erasure_states()
            wanted = [each for each in erasures if states.get(each.name, 0) < DONE]
            for erasure in wanted:
                self._eraser.note(erasure, ASKED)
            for product in dict.fromkeys(erasure.product for erasure in wanted):
                theirs = [erasure for erasure in wanted if erasure.product == product]
                erased |= self._eraser.erase_instances(self._of_product(product), theirs)
            for erasure in wanted:
                self._eraser.note(erasure, DONE)
        return erased

    def erasures(self) -> frozenset[str]:
        """Names of the erasures that this store has done."""
        with _failures():
            states = self._erasure_states()
        return frozenset(name for name, state in states.items() if state >= DONE)

    def sweep(self, product: str, item: str | None, before: datetime) -> int:
        """Remove what is older, of one item or (None) what is kept about instances; how much."""
        with _failures():
            if item is None:
                return self._eraser.sweep_instances(self._of_product(product), product, before)
            table = self._tables.get((product, item))
            return self._eraser.sweep_item(table, before) if table else 0

    def rewrite_due(self) -> bool:
        """Whether bytes of what was erased may still lie on a disk."""
        with _failures():
            return DONE in self._erasure_states().values()

    def rewrite(self) -> None:
        """Wait until no server has parts left that held what was erased."""
        with _failures():
            due = [name for name, state in self._erasure_states().items() if state == DONE]
            wait_for_old_parts(self._link, self._databases)
            drop_detached(self._link, self._databases)
            self._eraser.note_clean(due)

    def copy_to(self, path: Path) -> None:
        """Not here: servers are backed up by their own means (docs/decisions/0120)."""
        raise StoreError(
            "found a store in ClickHouse, expected one in the data directory: back its servers up "
            "by their own means, as docs/guides/cluster.md says"
        )

    def held(self, product: str, kind: str, identity: str) -> Iterator[dict[str, Any]]:
        """All that is held about one identity: an object per row, with the table it lies in."""
        with _failures():
            tables = self._of_product(product)
            who = product, kind, identity
            yield from held(self._link, self._databases, tables, who)

    def problems(self) -> list[str]:
        """What is wrong inside the store, found by reading all of it."""
        return list(find_problems(self._link, self._databases, self._tables.values()))

    def checkpoint(self) -> None:
        """Note the position, if it waited for replicas to catch up."""
        with _failures():
            self._note_position()

    def reopen(self) -> None:
        """Drop every handle and open the store again, after `StoreUnavailableError`."""
        self._link.close()
        self._open()

    def close(self) -> None:
        """Let go of all connections."""
        self._link.close()

    def _erased(self) -> Erasures:
        found = self._link.ask(
            "select product, kind, mark, asked_at, since, until "
            f"from {self._own('erasures')} where kind is not null"
        )
        ticks = self._link.dialect.ticks
        befallen: defaultdict[tuple[str, str, str], list[Befallen]] = defaultdict(list)
        for product, kind, mark_, *moments in found.rows:
            asked_at, since, until = (
                None if moment is None else ticks_of(moment, ticks) for moment in moments
            )
            befallen[product, kind, mark_].append(Befallen(asked_at or 0, since, until))
        return Erasures(befallen, self.mark)

    def _erasure_states(self) -> Mapping[str, int]:
        return dict(self._link.ask(f"select name, state from {self._own('erasures')}").rows)

    def _of_product(self, product: str) -> Sequence[ItemTable]:
        return tuple(table for table in self._tables.values() if table.product == product)

    def _own(self, table: str) -> str:
        return self._databases.own_table(table)


@contextmanager
def _failures() -> Iterator[None]:
    """What a server refuses of our own statements is its fault, or ours, but never the data's."""
    try:
        yield
    except StatementError as error:
        raise StoreUnavailableError(str(error)) from error


def bytes_of(memory: str) -> int:
    """Such as 2GB."""
    number = memory.rstrip("KMGTBkmgtbi ")
    unit = memory[len(number) :].strip().upper()[:1]
    scale: int = 1000 ** " KMGT".index(unit or " ")
    return round(float(number) * scale)
