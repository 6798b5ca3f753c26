"""Taking items out of the store, with all that was derived from them, on every replica.

An erasure is noted first: from then on loaders suppress what is older. Then rows are counted and
deleted, what follows from them is made anew from the rows that are left, and ids that nothing
refers to any more go. Each step may be done again after a crash. Old parts, which hold the bytes,
are gone a while later: see `rewriting.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.lines import ticks_of
from glasshouse.store.engines.clickhouse.link import Link
from glasshouse.store.engines.clickhouse.mutating import LISTED, delete, delete_listed, shards
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.engines.clickhouse.tables import FACTS, ItemTable
from glasshouse.store.port import ORGANIZATIONS, Erased, Erasure

# How far an erasure is, in `store.erasures`.
ASKED, DONE, CLEAN = 1, 2, 3


@dataclass(slots=True)
class Work:
    """What one erasure, or several of whole instances, touch in a product."""

    product: str
    conditions: dict[str, str] = field(default_factory=dict)  # by item: which rows go
    touched: set[int] = field(default_factory=set)  # instances whose facts are made anew
    candidates: set[int] = field(default_factory=set)  # ids that may go


class Eraser:
    """Removes from one installation."""

    def __init__(self, link: Link, databases: Databases, key: bytes) -> None:
        self._link = link
        self._databases = databases
        self._secret = literal(key.hex())

    def note(self, erasure: Erasure, state: int) -> None:
        """From `ASKED` on, what is older is not let in again."""
        ticks = self._link.dialect.ticks

        def moment(at: datetime | None) -> int | None:
            return None if at is None else ticks_of(at, ticks)

        row = {
            "name": erasure.name,
            "product": erasure.product,
            "kind": erasure.kind,
            "mark": erasure.mark,
            "asked_at": moment(erasure.asked_at),
            "since": moment(erasure.since),
            "until": moment(erasure.until),
            "state": state,
        }
        self._link.insert(
            self._link.nodes,
            self._databases.own_table("rows.erasures"),
            tuple(row),
            [[value] for value in row.values()],
        )

    def note_clean(self, names: Sequence[str]) -> None:
        """No bytes are left of what these erased."""
        if not names:
            return
        columns = "name, product, kind, mark, asked_at, since, until"
        listed = ", ".join(map(literal, names))
        self._link.ask(
            f"insert into {self._databases.own_table('rows.erasures')} ({columns}, state) "
            f"select {columns}, {CLEAN} from {self._databases.own_table('erasures')} "
            f"where name in ({listed})"
        )

    def known(self, product: str, kind: str, marks: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Of those marks that the store has an id of: its surrogate and the id."""
        if not marks:
            return {}
        found = self._link.ask(
            f"select {self._mark_sql()} as mark, surrogate, id "
            f"from {self._databases.own_table('identities')} where product = {literal(product)} "
            f"and kind = {literal(kind)} and mark in ({', '.join(map(literal, marks))})"
        )
        return {mark: (surrogate, id_) for mark, surrogate, id_ in found.rows}

    def _mark_sql(self) -> str:
        """The keyed hash that `store.marks` makes."""
        return (
            f"lower(hex(SHA256(concat({self._secret}, product, '\\0', kind, '\\0', id, "
            f"{self._secret}))))"
        )

    def erase(
        self, tables: Sequence[ItemTable], erasure: Erasure, *, again: bool = False
    ) -> Erased:
        """All of one erasure but noting it. `again`: only what was made until it was asked for."""
        known: Mapping[str, tuple[int, str]] = {}
        if erasure.kind is not None:
            known = self.known(erasure.product, erasure.kind, (erasure.mark or "",))
            if not known:
                return Erased({}, 0)
        targets = [surrogate for surrogate, _ in known.values()]
        bounds = self._bounds(erasure, again=again)
        work = Work(erasure.product)
        for table in tables:
            column = erasure.kind
            if column is not None and column != "instance" and column not in table.identities:
                continue
            of_whom = [f"{identifier(column)} in ({targets[0]})"] if column else []
            work.conditions[table.item] = " and ".join([*of_whom, *bounds]) or "1"
        whole = erasure.kind == "instance" and not bounds
        work.candidates.update(targets)
        if whole:
            work.touched.update(targets)
        items = self._erase(tables, work, f"{erasure.name} again" if again else erasure.name)
        gone = self._forget(tables, work)
        instance = next(iter(known.values()))[1] if erasure.kind == "instance" else None
        return Erased(items, gone, instance)

    def erase_instances(
        self, tables: Sequence[ItemTable], erasures: Sequence[Erasure]
    ) -> Mapping[str, Erased]:
        """Whole instances of one product, together; what went of each, by the erasure's name."""
        product = erasures[0].product
        known = self.known(product, "instance", [erasure.mark or "" for erasure in erasures])
        erased = {erasure.name: Erased({}, 0) for erasure in erasures}
        if not known:
            return erased
        listed = ", ".join(str(surrogate) for surrogate, _ in known.values())
        counts: dict[int, Counter[str]] = {surrogate: Counter() for surrogate, _ in known.values()}
        work = Work(product, touched=set(counts), candidates=set(counts))
        for table in tables:
            work.conditions[table.item] = f"instance in ({listed})"
            found = self._link.ask(
                f"select instance, count() from {self._databases.table(product, table.item)} "
                f"where {work.conditions[table.item]} group by instance"
            )
            for surrogate, rows in found.rows:
                counts[surrogate][table.item] = rows
        self._erase(tables, work, " ".join(sorted(erased)))
        self._forget(tables, work)
        for erasure in erasures:
            if (mark := erasure.mark or "") in known:
                surrogate, id_ = known[mark]
                erased[erasure.name] = Erased(dict(counts[surrogate]), 1, id_)
        return erased

    def sweep_item(self, table: ItemTable, before: datetime) -> int:
        """Remove an item's rows made before a time; what is derived of them has its own span."""
        condition = f'"at" < {self._moment(before)}'
        name = f"sweep {table.product} {table.item} {before.isoformat()}"
        removed = self._count_removed(table, condition, name)
        if removed:
            delete(self._link, self._databases.of_product(table.product), table.rows, condition)
        return removed

    def sweep_instances(self, tables: Sequence[ItemTable], product: str, before: datetime) -> int:
        """Remove what is derived of before a time, and ids of which nothing else is left."""
        whose = f"product = {literal(product)}"
        own = self._databases.own_table
        day = f"toDate('{before.date().isoformat()}')"
        days = self._count(f"{own('instance_days')} where {whose} and day < {day}")
        old = self._numbers(
            f"select instance from {own('instances')} where {whose} "
            f"and last_seen < {self._moment(before)}"
        )
        if days:
            delete(self._link, self._databases.own, "facts.days", f"{whose} and day < {day}")
        for name in ("facts.instances", "facts.memberships"):
            delete_listed(self._link, self._databases.own, name, ("instance", old), whose)
        if days or old:
            everyone = self._numbers(f"select surrogate from {own('identities')} where {whose}")
            self._forget(tables, Work(product, candidates=set(everyone)))
        return days + len(old)

    def _erase(self, tables: Sequence[ItemTable], work: Work, name: str) -> dict[str, int]:
        """Rows by item that are gone; facts are made anew of those that are left."""
        items: dict[str, int] = {}
        for table in tables:
            condition = work.conditions.get(table.item)
            if condition is None:
                continue
            removed = self._count_removed(table, condition, name)
            if not removed:
                continue
            items[table.item] = removed
            self._note_touched(table, condition, work)
            delete(self._link, self._databases.of_product(table.product), table.rows, condition)
        self._derive_again(tables, work)
        return items

    def _note_touched(self, table: ItemTable, condition: str, work: Work) -> None:
        rows = self._databases.table(table.product, table.item)
        for column in ("instance", *table.identities):
            found = self._numbers(
                f"select distinct {identifier(column)} from {rows} "
                f"where ({condition}) and {identifier(column)} is not null"
            )
            work.candidates.update(found)
            if column == "instance":
                work.touched.update(found)

    def _derive_again(self, tables: Sequence[ItemTable], work: Work) -> None:
        touched = sorted(work.touched)
        for name in FACTS:
            whose = f"product = {literal(work.product)}"
            delete_listed(self._link, self._databases.own, name, ("instance", touched), whose)
        for start in range(0, len(touched), LISTED):
            listed = ", ".join(map(str, touched[start : start + LISTED]))
            for table in tables:
                self._put_heads(table, f"instance in ({listed})")

    def _put_heads(self, table: ItemTable, condition: str) -> None:
        """As if these rows had just come: each shard by itself."""
        rows = self._databases.table(table.product, table.rows)
        owners = ", ".join(
            f"ifNull({kind}, 0)" if kind in table.identities else "0" for kind in ORGANIZATIONS
        )
        for nodes in shards(self._link):
            self._link.ask_node(
                nodes[0],
                f"insert into {self._databases.own_table('heads')} (product, origin, instance, "
                f"at, version, place, door, key, {', '.join(ORGANIZATIONS)}) "
                f"select {literal(table.product)}, origin, instance, at, ifNull(version, ''), "
                "if(isNull(country), '', concat(ifNull(country, ''), '/', ifNull(region, ''))), "
                f"door, key_low, {owners} from {rows} final where {condition}",
            )

    def _forget(self, tables: Sequence[ItemTable], work: Work) -> int:
        """Delete those candidates that nothing refers to any more; how many."""
        candidates = sorted(work.candidates)
        used = self._used(tables, candidates)
        unused = [number for number in candidates if number not in used]
        whose = f"product = {literal(work.product)}"
        ids = self._databases.own_table("identities")
        kept = self._rows_of(ids, unused, whose)
        delete_listed(
            self._link, self._databases.own, "rows.identities", ("surrogate", unused), whose
        )
        # What came meanwhile of one of them has its id again.
        back = self._used(tables, unused)
        lost = [row for row in kept if row[0] in back]
        parts = list(shards(self._link))
        for row in lost:
            self._link.insert(
                parts[row[0] % len(parts)],
                self._databases.own_table("rows.identities"),
                ("surrogate", "product", "kind", "id"),
                [[value] for value in row],
            )
        return len(kept) - len(lost)

    def _rows_of(
        self, ids: str, numbers: Sequence[int], whose: str
    ) -> list[tuple[int, str, str, str]]:
        rows: list[tuple[int, str, str, str]] = []
        for start in range(0, len(numbers), LISTED):
            listed = ", ".join(map(str, numbers[start : start + LISTED]))
            found = self._link.ask(
                f"select surrogate, product, kind, id from {ids} "
                f"where surrogate in ({listed}) and {whose}"
            )
            rows += [(row[0], row[1], row[2], row[3]) for row in found.rows]
        return rows

    def _used(self, tables: Iterable[ItemTable], numbers: Sequence[int]) -> frozenset[int]:
        """Those of the numbers that a row or a fact refers to."""
        used: set[int] = set()
        places = [(self._databases.own_table("active_days"), "instance")]
        places += [(self._databases.own_table("instances"), "instance")]
        places += [(self._databases.own_table("memberships"), "identity")]
        places += [
            (self._databases.table(table.product, table.item), column)
            for table in tables
            for column in ("instance", *table.identities)
        ]
        for start in range(0, len(numbers), LISTED):
            listed = ", ".join(map(str, numbers[start : start + LISTED]))
            for place, column in places:
                name = identifier(column)
                used.update(
                    self._numbers(f"select distinct {name} from {place} where {name} in ({listed})")
                )
        return frozenset(used)

    def _count_removed(self, table: ItemTable, condition: str, name: str) -> int:
        """Rows that are about to go, noted by door for the accounting, which counts them still."""
        rows = self._databases.table(table.product, table.item)
        found = self._link.ask(
            f"select door, toInt64(count()) from {rows} where {condition} group by door"
        )
        if not found.rows:
            return 0
        doors, counts = zip(*found.rows, strict=True)
        self._link.insert(
            self._link.nodes,
            self._databases.own_table("rows.removed"),
            ("name", "product", "door", "item", "items"),
            [
                [name] * len(doors),
                [table.product] * len(doors),
                list(doors),
                [table.item] * len(doors),
                list(counts),
            ],
        )
        return sum(counts)

    def _bounds(self, erasure: Erasure, *, again: bool) -> list[str]:
        bounds = []
        if erasure.origin is not None:
            bounds.append(f"origin = {literal(erasure.origin)}")
        if erasure.since is not None:
            bounds.append(f'"at" >= {self._moment(erasure.since)}')
        if erasure.until is not None:
            bounds.append(f'"at" < {self._moment(erasure.until)}')
        if again:
            bounds.append(f'("at" <= {self._moment(erasure.asked_at)} or doubtful_time)')
        return bounds

    def _moment(self, at: datetime) -> str:
        """A time as SQL has it."""
        if self._link.dialect.ticks == 1:
            return f"toDateTime({ticks_of(at, 1)})"
        return f"fromUnixTimestamp64Micro({ticks_of(at, self._link.dialect.ticks)}, 'UTC')"

    def _count(self, place: str) -> int:
        return int(self._link.ask(f"select count() from {place}").rows[0][0])

    def _numbers(self, query: str) -> list[int]:
        return [row[0] for row in self._link.ask(query).rows]
