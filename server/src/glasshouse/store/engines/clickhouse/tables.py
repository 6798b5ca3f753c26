"""The tables: the store's own, and one for every declared item.

Of product psmdb in the database `glasshouse`, the rows of `snapshot.host` lie in
glasshouse_psmdb."rows.snapshot.host"; what the queries read is glasshouse_psmdb."snapshot.host",
where each item stands once; people read glasshouse_psmdb.snapshot_host.

Rows may come twice, and the engine collapses them: the sorting key of a table of items ends in the
item's repeat key, and of rows with one key that received first is kept, by `precedence`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from glasshouse.store.column_types import Struct, widened
from glasshouse.store.engines.clickhouse.columns import (
    column_type,
    field_column,
    from_plain,
    members,
    to_plain,
)
from glasshouse.store.engines.clickhouse.dialect import Dialect
from glasshouse.store.engines.clickhouse.quoting import identifier
from glasshouse.store.item_schema import ItemSchema
from glasshouse.store.port import ORGANIZATIONS, SchemaError
from glasshouse_sdk.manifest import Item

SHARDED = "sharded"  # a row lies on one shard, by its instance
EVERYWHERE = "everywhere"  # a row lies on every node
PASSING = "passing"  # a row is not kept, but looked at by materialized views

FACTS = ("facts.instances", "facts.days", "facts.memberships")  # what materialized views fill
# `precedence` of a row that was received at some tick: the greatest is kept.
LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ours, without what differs between one server and a cluster."""

    name: str
    columns: Mapping[str, str]
    order: Sequence[str]
    spread: str = SHARDED
    engine: str = "ReplacingMergeTree"
    version: str = ""  # of rows with one key the one with the greatest is kept
    partition: str = ""


@dataclass(frozen=True, slots=True)
class ItemTable(ItemSchema):
    """The table of one item."""

    @property
    def rows(self) -> str:
        """The name of the table in which its rows lie."""
        return f"rows.{self.item}"

    @property
    def view(self) -> str:
        """The name of the view that people use."""
        return self.item.replace(".", "_", 1)

    def encoded(self) -> str:
        """As `store.item_tables` keeps it."""
        return json.dumps(
            {
                "fields": to_plain(self.fields),
                "identities": self.identities,
                "former": {name: list(names) for name, names in self.former.items()},
            }
        )


def decoded(product: str, item: str, text: str) -> ItemTable:
    """What `ItemTable.encoded` wrote."""
    plain = json.loads(text)
    fields = from_plain(plain["fields"])
    if not isinstance(fields, Struct):
        raise SchemaError(f"{product} {item}: found no fields in store.item_tables")
    former = {name: tuple(names) for name, names in plain["former"].items()}
    return ItemTable(product, item, fields, tuple(plain["identities"]), former)


def follow(item: Item, product: str, known: ItemTable | None) -> ItemTable:
    """The table of an item, with what the declaration adds. Raises `SchemaError`."""
    declared = ItemTable.declared(product, item)
    if known is None:
        return declared
    # A field that has another name now keeps its old column; views read both as one.
    target = widened(_renamed(known.fields, declared.former), declared.fields, item.path)
    former = {**known.former, **_with_earlier(declared.former, known.former)}
    former = {name: names for name, names in former.items() if name in target.members}
    identities = known.identities + known.lacks(declared)
    return replace(known, fields=target, identities=identities, former=former)


def _renamed(fields: Struct, former: Mapping[str, tuple[str, ...]]) -> Struct:
    now = {old: name for name, names in former.items() for old in names}
    return Struct({now.get(name, name): type_ for name, type_ in fields.members.items()})


def _with_earlier(
    former: Mapping[str, tuple[str, ...]], known: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """With the earlier names of the earlier names: their columns hold rows still."""
    return {
        name: tuple(
            dict.fromkeys(
                each
                for old in (*known.get(name, ()), *names)
                for each in (old, *known.get(old, ()))
            )
        )
        for name, names in former.items()
    }


def head_columns(dialect: Dialect) -> Mapping[str, str]:
    """What every row of an item has."""
    return {
        "at": dialect.moment,
        "received_at": dialect.moment,
        "instance": "Int64",
        "version": "Nullable(String)",
        "country": "Nullable(String)",
        "region": "Nullable(String)",
        "origin": "String",
        "door": "String",
        "doubtful_time": dialect.boolean,
    }


def rows_table(table: ItemTable, dialect: Dialect) -> Table:
    """Where the rows of an item lie."""
    columns = dict(head_columns(dialect))
    columns |= {"key_high": "UInt64", "key_low": "UInt64", "precedence": "Int64"}
    columns |= dict.fromkeys(table.identities, "Nullable(Int64)")
    for name, type_ in members(table.fields).items():
        for stored in (name, *table.former.get(name, ())):
            columns[field_column(stored)] = column_type(type_, dialect)
    return Table(
        table.rows,
        columns,
        order=("instance", "key_high", "key_low"),
        version="precedence",
        partition='toYYYYMM("at")',
    )


def own_tables(dialect: Dialect) -> Sequence[Table]:
    """The store's own."""
    moment = dialect.moment
    first = "argMin", "argMax"
    of_version = f"AggregateFunction(argMaxIf, String, Tuple({moment}, String), UInt8)"
    first_version = f"AggregateFunction({first[0]}If, String, Tuple({moment}, String), UInt8)"
    whose = {"product": "String", "origin": "String", "instance": "Int64"}
    counted = {"product": "String", "door": "String", "outcome": "String", "reason": "String"}
    place = {"partition": "UInt32", "segment": "Int64", "byte_offset": "Int64"}
    return (
        Table(
            "rows.identities",
            {"surrogate": "Int64", "product": "String", "kind": "String", "id": "String"},
            order=("surrogate", "product", "kind"),
        ),
        Table(
            "heads",
            {
                **whose,
                "at": moment,
                "version": "String",
                "place": "String",
                "door": "String",
                "key": "UInt64",
                **dict.fromkeys(ORGANIZATIONS, "Int64"),  # 0 where the item names none
            },
            order=(),
            spread=PASSING,
        ),
        Table(
            "facts.instances",
            {
                **whose,
                "first_seen": f"AggregateFunction(min, {moment})",
                "last_seen": f"AggregateFunction(max, {moment})",
                "door": f"AggregateFunction(argMax, String, Tuple({moment}, String))",
                "first_version": first_version,
                "current_version": of_version,
                "place": of_version,
            },
            order=("product", "origin", "instance"),
            engine="AggregatingMergeTree",
        ),
        Table(
            "facts.days",
            {
                **whose,
                "day": "Date",
                "version": of_version,
                "items": "AggregateFunction(uniqExact, UInt64)",
            },
            order=("product", "origin", "day", "instance"),
            engine="AggregatingMergeTree",
            partition="toYYYYMM(day)",
        ),
        Table(
            "facts.memberships",
            {
                **whose,
                "kind": "String",
                "identity": "Int64",
                "first_at": f"AggregateFunction(min, {moment})",
            },
            order=("product", "kind", "origin", "instance", "identity"),
            engine="AggregatingMergeTree",
        ),
        Table(
            "rows.accounting",
            {**place, **counted, "items": "Int64"},
            order=("partition", "segment", "byte_offset", *counted),
        ),
        Table(
            "rows.refusals",
            {
                **place,
                **counted,
                "item": "Nullable(String)",
                "field": "Nullable(String)",
                "at": moment,
                "items": "Int64",
                "number": "UInt32",
            },
            order=("partition", "segment", "byte_offset", "number"),
            spread=EVERYWHERE,
            partition='toYYYYMM("at")',
        ),
        Table(
            "rows.refused_days",
            {
                **place,
                "product": "String",
                "day": "Date",
                "version": "Nullable(String)",
                "outcome": "String",
                "reason": "String",
                "items": "Int64",
                "number": "UInt32",
            },
            order=("partition", "segment", "byte_offset", "number"),
            spread=EVERYWHERE,
        ),
        Table(
            "rows.positions",
            place,
            order=("partition", "segment"),
            spread=EVERYWHERE,
            version="byte_offset",
        ),
        Table(
            "rows.erasures",
            {
                "name": "String",
                "product": "String",
                "kind": "Nullable(String)",
                "mark": "Nullable(String)",
                "asked_at": moment,
                "since": f"Nullable({moment})",
                "until": f"Nullable({moment})",
                "state": "UInt8",
            },
            order=("name",),
            spread=EVERYWHERE,
            version="state",
        ),
        Table(
            "rows.removed",
            {
                "name": "String",
                "product": "String",
                "door": "String",
                "item": "String",
                "items": "Int64",
            },
            order=("name", "product", "door", "item"),
            spread=EVERYWHERE,
            version="items",
        ),
        Table(
            "rows.moved_keys",
            {"key_high": "UInt64", "key_low": "UInt64"},
            order=("key_high", "key_low"),
            spread=EVERYWHERE,
        ),
        Table(
            "rows.item_tables",
            {"product": "String", "item": "String", "declared": "String", "revision": "UInt64"},
            order=("product", "item"),
            spread=EVERYWHERE,
            version="revision",
        ),
    )


def columns_sql(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{identifier(name)} {type_}" for name, type_ in columns.items())
