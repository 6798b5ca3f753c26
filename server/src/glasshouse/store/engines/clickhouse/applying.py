"""How a batch becomes rows: named steps, each of which may be done again without harm.

There is no transaction. Whatever ends the process between two steps, the records are read again,
by this loader or another, and inserted again: rows with one key collapse, what follows from rows
does not mind repeats, and the position is noted last.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from glasshouse.model import Outcome, Position, Reason
from glasshouse.store.engines.clickhouse.copies import Name
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.identities import surrogates
from glasshouse.store.engines.clickhouse.lines import Columns, LineReader, ticks_of
from glasshouse.store.engines.clickhouse.link import Column, Link, Node
from glasshouse.store.engines.clickhouse.quoting import identifier
from glasshouse.store.engines.clickhouse.suppressing import Erasures, suppress
from glasshouse.store.engines.clickhouse.tables import FACTS, ItemTable
from glasshouse.store.port import (
    ORGANIZATIONS,
    Applied,
    Batch,
    Portion,
    PortionRefusedError,
    Tally,
    Watch,
)

Tables = Mapping[tuple[str, str], ItemTable]


@dataclass(slots=True)
class Incoming:
    """A portion as columns. `marks`: of each row whether it is left after erasures."""

    portion: Portion
    table: ItemTable
    columns: Columns


class Applier:
    """Inserts batches of one partition."""

    def __init__(self, link: Link, databases: Databases, partition: int) -> None:
        self._link = link
        self._databases = databases
        self._partition = partition
        self.inserted: set[Name] = set()  # tables that the last batches went to
        self._readers: dict[tuple[str, str], tuple[ItemTable, LineReader]] = {}
        self._shards: dict[int, list[Node]] = defaultdict(list)
        for node in link.nodes:
            self._shards[node.shard].append(node)

    def apply(self, tables: Tables, batch: Batch, erased: Erasures, watch: Watch) -> Applied:
        """All steps but noting the position."""
        watch("read portions")
        incoming = [self._read(tables, portion) for portion in batch.portions if portion.rows]
        counted = [(each.position, tally) for each in batch.counted for tally in each.tallies]
        suppressed: Counter[tuple[str, str]] = Counter()
        if erased:
            watch("suppress erased")
            for each in incoming:
                for position, rows in suppress(each, erased):
                    whose = each.portion.product, each.portion.door
                    suppressed[whose] += rows
                    tally = Tally(*whose, Outcome.SUPPRESSED.value, Reason.ERASED.value, rows)
                    counted.append((position, tally))
        watch("number identities")
        heads = self._number_identities(incoming)
        watch("insert rows")
        for each in incoming:
            self._insert(
                (self._databases.of_product(each.table.product), each.table.rows),
                each.columns,
                each.columns["instance"],
            )
        watch("note arrivals")
        self._insert(self._own("heads"), heads, heads["instance"])
        # That table passes on what it is given.
        self.inserted.discard(self._own("heads"))
        self.inserted.update(map(self._own, FACTS))
        watch("update accounting")
        self._count(counted)
        self._note_refusals(batch)
        stored: Counter[tuple[str, str]] = Counter()
        for each in incoming:
            stored[each.portion.product, each.portion.door] += len(each.columns["instance"])
        return Applied(dict(stored), dict(suppressed))

    def note_position(self, position: Position) -> None:
        """What lies before it need not be read again."""
        self.inserted.clear()
        self._insert_everywhere(
            "rows.positions",
            {
                "partition": [self._partition],
                "segment": [position.segment],
                "byte_offset": [position.offset],
            },
        )

    def read(self, table: ItemTable, portion: Portion) -> Columns:
        """Raises `PortionRefusedError` for what the table does not take."""
        key = table.product, table.item
        known = self._readers.get(key)
        if known is None or known[0] is not table:
            known = self._readers[key] = (table, LineReader(table, self._link.dialect))
        return known[1].read(portion)

    def _read(self, tables: Tables, portion: Portion) -> Incoming:
        table = tables.get((portion.product, portion.item))
        if table is None:
            raise PortionRefusedError(portion, "found no table for it, expected a registered item")
        return Incoming(portion, table, self.read(table, portion))

    def _number_identities(self, incoming: Iterable[Incoming]) -> Columns:
        """Put surrogates in the place of ids, and make the heads of all rows."""
        named: dict[tuple[str, str, int], str] = {}
        heads: Columns = {name: [] for name in HEADS}
        for each in incoming:
            product, columns = each.table.product, each.columns
            for kind in ("instance", *each.table.identities):
                numbers = surrogates(product, kind, columns[kind])
                named.update(((product, kind, number), id_) for id_, number in numbers.items())
                columns[kind] = [None if id_ is None else numbers[id_] for id_ in columns[kind]]
            _add_heads(heads, each)
        if named:
            columns = {
                "surrogate": [number for _, _, number in named],
                "product": [product for product, _, _ in named],
                "kind": [kind for _, kind, _ in named],
                "id": list(named.values()),
            }
            self._insert(self._own("rows.identities"), columns, columns["surrogate"])
        return heads

    def _count(self, counted: Sequence[tuple[Position, Tally]]) -> None:
        sums: Counter[tuple[int, int, str, str, str, str]] = Counter()
        for position, tally in counted:
            whose = tally.product, tally.door, tally.outcome, tally.reason
            sums[position.segment, position.offset, *whose] += tally.items
        names = ("segment", "byte_offset", "product", "door", "outcome", "reason")
        columns: Columns = {name: [key[n] for key in sums] for n, name in enumerate(names)}
        columns |= {"partition": [self._partition] * len(sums), "items": list(sums.values())}
        self._insert(self._own("rows.accounting"), columns, columns["byte_offset"])

    def _note_refusals(self, batch: Batch) -> None:
        ticks = self._link.dialect.ticks
        notes = [
            (each.position, number, note)
            for each in batch.counted
            for number, note in enumerate(each.refusals)
        ]
        self._insert_everywhere(
            "rows.refusals",
            {
                **self._places(notes),
                "product": [n.product for _, _, n in notes],
                "door": [n.door for _, _, n in notes],
                "item": [n.item for _, _, n in notes],
                "field": [n.field for _, _, n in notes],
                "outcome": [n.outcome for _, _, n in notes],
                "reason": [n.reason for _, _, n in notes],
                "at": [ticks_of(n.at, ticks) for _, _, n in notes],
                "items": [n.items for _, _, n in notes],
            },
        )
        days = [
            (each.position, number, day)
            for each in batch.counted
            for number, day in enumerate(each.refused)
        ]
        self._insert_everywhere(
            "rows.refused_days",
            {
                **self._places(days),
                "product": [d.product for _, _, d in days],
                "day": [d.day for _, _, d in days],
                "version": [d.version for _, _, d in days],
                "outcome": [d.outcome for _, _, d in days],
                "reason": [d.reason for _, _, d in days],
                "items": [d.items for _, _, d in days],
            },
        )

    def _places(self, rows: Sequence[tuple[Position, int, Any]]) -> Columns:
        return {
            "partition": [self._partition] * len(rows),
            "segment": [position.segment for position, _, _ in rows],
            "byte_offset": [position.offset for position, _, _ in rows],
            "number": [number for _, number, _ in rows],
        }

    def _insert(self, table: Name, columns: Columns, by: Sequence[int]) -> None:
        """Each row to the shard that its number belongs to."""
        if not by:
            return
        data: Sequence[Column] = list(columns.values())
        for shard, chosen in self._rows_by_shard(by):
            part = data if chosen is None else [_chosen(column, chosen) for column in data]
            self._link.insert(self._shards[shard], _quoted(table), tuple(columns), part)
        self.inserted.add(table)

    def _own(self, table: str) -> Name:
        return self._databases.own, table

    def _rows_by_shard(self, by: Sequence[int]) -> Iterator[tuple[int, Sequence[int] | None]]:
        """Which rows go to each shard that gets any; None is all of them."""
        if len(self._shards) == 1:
            yield 0, None
            return
        shard_of = np.asarray(by, dtype=np.int64) % len(self._shards)
        for shard in self._shards:
            chosen = np.flatnonzero(shard_of == shard).tolist()
            if chosen:
                yield shard, chosen

    def _insert_everywhere(self, table: str, columns: Columns) -> None:
        if next(iter(columns.values())):
            name = self._own(table)
            data = list(columns.values())
            self._link.insert(self._link.nodes, _quoted(name), tuple(columns), data)
            self.inserted.add(name)


def _quoted(table: Name) -> str:
    return ".".join(map(identifier, table))


def _chosen(column: Column, rows: Sequence[int]) -> Column:
    """Those of a column's values: with `itemgetter` three times as fast as one by one."""
    found: Column = itemgetter(*rows)(column) if len(rows) > 1 else (column[rows[0]],)
    return found


HEADS = (
    *("product", "origin", "instance", "at", "version", "place", "door", "key"),
    *ORGANIZATIONS,
)


def _add_heads(heads: Columns, each: Incoming) -> None:
    columns = each.columns
    rows = len(columns["instance"])
    heads["product"] += [each.table.product] * rows
    for name in ("origin", "instance", "at", "door"):
        heads[name] += columns[name]
    heads["version"] += [version or "" for version in columns["version"]]
    heads["place"] += [
        "" if country is None else f"{country}/{region or ''}"
        for country, region in zip(columns["country"], columns["region"], strict=True)
    ]
    heads["key"] += columns["key_low"]
    for kind in ORGANIZATIONS:
        named = columns[kind] if kind in each.table.identities else [None] * rows
        heads[kind] += [number or 0 for number in named]
