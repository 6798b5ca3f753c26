"""What queries and people read: each item once, and what follows from items about instances.

    store: instances, instance_days, _weeks, _months, active_days, first_days, ...   for queries
    "PRODUCT"."event.NAME"            items with surrogates, for queries
    "PRODUCT".event_NAME              items with ids, for people
    events, snapshots, instances, instance_days     over all products, for people

On a cluster each shard makes the answer of its own instances, of which it has all rows, and a
distributed table of the same name reads from all shards.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from glasshouse.store.engines.clickhouse.columns import (
    JSON,
    field_column,
    kind_of,
    members,
)
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.dialect import Dialect
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.engines.clickhouse.tables import ItemTable, head_columns
from glasshouse.store.port import ORGANIZATIONS


@dataclass(frozen=True, slots=True)
class View:
    """`sharded`: each shard has a part of it. `filled`: a materialized view, into that table."""

    database: str
    name: str
    query: str
    sharded: bool = True
    filled: str = ""

    @property
    def full_name(self) -> str:
        return f"{identifier(self.database)}.{identifier(self.name)}"


ROW = "product, origin, day, instance, version, items"


def own_views(databases: Databases) -> Sequence[View]:
    """The store's own."""
    own = databases.own

    def of(table: str) -> str:
        return databases.own_table(table)

    def view(name: str, query: str, *, sharded: bool = True, filled: str = "") -> View:
        return View(own, name, query, sharded, filled)

    return (
        view(
            "feed.instances",
            f"""select product, origin, instance, minState("at") as first_seen,
                maxState("at") as last_seen, argMaxState(door, ("at", door)) as door,
                argMinIfState(version, ("at", version), version != '') as first_version,
                argMaxIfState(version, ("at", version), version != '') as current_version,
                argMaxIfState(place, ("at", place), place != '') as place
            from {of("heads")} group by product, origin, instance""",
            filled=of("facts.instances"),
        ),
        view(
            "feed.days",
            f"""select product, origin, instance, toDate("at") as day,
                argMaxIfState(version, ("at", version), version != '') as version,
                uniqExactState(key) as items
            from {of("heads")} group by product, origin, instance, day""",
            filled=of("facts.days"),
        ),
        *(
            view(
                f"feed.memberships.{kind}",
                f"""select product, '{kind}' as kind, origin, instance, {kind} as identity,
                    minState("at") as first_at
                from {of("heads")} where {kind} != 0
                group by product, kind, origin, instance, identity""",
                filled=of("facts.memberships"),
            )
            for kind in ORGANIZATIONS
        ),
        view(
            "memberships",
            f"""select product, kind, origin, instance, identity, minMerge(first_at) as first_at
            from (
                select product, kind, origin, instance, identity, first_at
                from {of("facts.memberships")}
            ) group by product, kind, origin, instance, identity""",
        ),
        view(
            "identities",
            f"select surrogate, product, kind, id from {of('rows.identities')} final",
        ),
        view(
            "instances",
            f"""select product, origin, instance, first_seen, last_seen, door,
                nullIf(v_first, '') as first_version, nullIf(v_current, '') as current_version,
                nullIf(p_last, '') as place
            from (
                select product, origin, instance, minMerge(first_seen) as first_seen,
                    maxMerge(last_seen) as last_seen, argMaxMerge(door) as door,
                    argMinIfMerge(first_version) as v_first,
                    argMaxIfMerge(current_version) as v_current, argMaxIfMerge(place) as p_last
                from {of("facts.instances")} group by product, origin, instance
            )""",
        ),
        view(
            "active_days",
            f"select product, origin, day, instance from {of('facts.days')}",
        ),
        *(
            view(f"instance_{step}s", _periods(of("facts.days"), start))
            for step, start in STARTS.items()
        ),
        view(
            "days_on_versions",
            f"""select product, origin, instance, version, day
            from ({_periods(of("facts.days"), "day")}) where version is not null""",
        ),
        view(
            "first_days",
            f"""select product, origin, instance, version, min(day) as day
            from ({_periods(of("facts.days"), "day")}) where version is not null
            group by product, origin, instance, version""",
        ),
        # Servers of 2018 have no window functions; an array per instance does as well.
        view(
            "moves",
            f"""select product, origin, instance, tupleElement(last, 2) as version,
                tupleElement(last, 1) as day,
                nullIf(tupleElement(previous, 2), '') as version_before,
                if(number = 1, null, tupleElement(previous, 1)) as day_before
            from (
                select product, origin, instance,
                    arraySort(groupArray((day, assumeNotNull(version)))) as firsts
                from (
                    select product, origin, instance, version, min(day) as day
                    from ({_periods(of("facts.days"), "day")}) where version is not null
                    group by product, origin, instance, version
                ) group by product, origin, instance
            )
            array join firsts as last, arrayEnumerate(firsts) as number,
                arrayPopBack(arrayPushFront(firsts, (toDate(0), ''))) as previous""",
        ),
        view(
            "accounting_rows",
            f"select * from {of('rows.accounting')} final",
        ),
        view(
            "refusals",
            f"""select product, door, item, field, outcome, reason, "at", items,
                toInt64(toUInt32("at")) * 1000000000 + (byte_offset % 1000000) * 1000 + number
                as seq
            from {of("rows.refusals")} final""",
            sharded=False,
        ),
        view(
            "refused_days",
            f"""select product, day, version, outcome, reason, items
            from {of("rows.refused_days")} final""",
            sharded=False,
        ),
        view(
            "positions",
            f"select * from {of('rows.positions')} final",
            sharded=False,
        ),
        view(
            "removed",
            f"select * from {of('rows.removed')} final",
            sharded=False,
        ),
        view(
            "erasures",
            f"select * from {of('rows.erasures')} final",
            sharded=False,
        ),
    )


HEAD = (
    "at",
    "received_at",
    "version",
    "country",
    "region",
    "origin",
    "door",
    "doubtful_time",
)

STARTS = {
    "day": "day",
    "week": "toMonday(day)",
    "month": "toStartOfMonth(day)",
}


def _periods(days: str, start: str) -> str:
    """One row per instance and period."""
    return f"""select product, origin, period as day, instance, nullIf(v, '') as version, items
        from (
            select product, origin, {start} as period, instance, argMaxIfMerge(version) as v,
                toInt64(uniqExactMerge(items)) as items
            from {days} group by product, origin, period, instance
        )"""


def item_views(databases: Databases, table: ItemTable, dialect: Dialect) -> Sequence[View]:
    """Items with surrogates, and with ids."""
    database = databases.of_product(table.product)
    rows = databases.table(table.product, table.rows)
    head = ", ".join(
        f"t.{identifier(name)} as {identifier(name)}" for name in head_columns(dialect)
    )
    others = "".join(f", t.{identifier(name)} as {identifier(name)}" for name in table.identities)
    fields = "".join(
        f", {_value(table, name)} as {identifier(field_column(name))}"
        for name in members(table.fields)
    )
    # All of them as one text, for who wants to see the whole; of no cost to who does not ask.
    whole = f", {_whole(table)} as fields" if dialect.writes_json else ""
    once = f"select {head}{others}{fields}{whole} from {rows} as t final"
    items = View(database, table.item, once)
    if not dialect.joins:
        return (items,)
    return items, View(database, table.view, _with_ids(databases, table), sharded=False)


def _with_ids(databases: Databases, table: ItemTable) -> str:
    """An item's rows with ids for surrogates."""
    ids = databases.own_table("identities")
    names = (*HEAD, *(field_column(name) for name in members(table.fields)))
    own = ", ".join(f"t.{identifier(name)} as {identifier(name)}" for name in names)
    others = "".join(
        f", {identifier(f'n_{kind}')}.id as {identifier(kind)}" for kind in table.identities
    )
    joins = "".join(
        f" global left join (select surrogate, id from {ids} where kind = {literal(kind)}) as "
        f"{identifier(f'n_{kind}')} on {identifier(f'n_{kind}')}.surrogate = t.{identifier(kind)}"
        for kind in table.identities
    )
    return (
        f"select n.id as instance, {own}{others} "
        f"from {databases.table(table.product, table.item)} as t "
        f"global join (select surrogate, id from {ids} where kind = 'instance') as n "
        f"on n.surrogate = t.instance{joins}"
    )


def _value(table: ItemTable, name: str) -> str:
    """A field of a row, which may have been stored under an earlier name."""
    columns = [
        f"t.{identifier(field_column(stored))}" for stored in (name, *table.former.get(name, ()))
    ]
    return columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"


def people_views(databases: Databases, tables: Sequence[ItemTable]) -> Sequence[View]:
    """The views over all products."""
    ids = f"(select surrogate, id from {databases.own_table('identities')} where kind = 'instance')"
    instances = databases.own_table("instances")
    days = databases.own_table("instance_days")
    counted = (
        f"(select instance, origin, sum(items) as items from {days} group by instance, origin)"
    )
    events = [_events_of(databases, table) for table in tables if table.kind == "event"]
    snapshots = [_newest_of(databases, table) for table in tables if table.kind == "snapshot"]

    def view(name: str, query: str) -> View:
        return View(databases.people, name, query, sharded=False)

    return (
        view(
            "events",
            f"""select {_named("e", EVENT)} from ({_union(events, NO_EVENTS)}) as e
            global join {ids} as n on n.surrogate = e.instance""",
        ),
        view(
            "snapshots",
            f"""select {_named("e", SNAPSHOT)} from ({_union(snapshots, NO_SNAPSHOTS)}) as e
            global join {ids} as n on n.surrogate = e.instance""",
        ),
        view(
            "instances",
            f"""select i.product as product, n.id as instance, i.origin as origin,
                i.first_seen as first_seen, i.last_seen as last_seen,
                i.first_version as first_version, i.current_version as current_version,
                nullIf(splitByChar('/', ifNull(i.place, '/'))[1], '') as country,
                nullIf(splitByChar('/', ifNull(i.place, '/'))[2], '') as region,
                i.door as door, c.items as items
            from {instances} as i global join {ids} as n on n.surrogate = i.instance
            global left join {counted} as c on c.instance = i.instance and c.origin = i.origin""",
        ),
        view(
            "instance_days",
            f"""select d.product as product, d.day as day, n.id as instance, d.version as version,
                d.origin as origin, d.items as items
            from {days} as d global join {ids} as n on n.surrogate = d.instance""",
        ),
    )


EVENT = (
    "product",
    "event",
    "at",
    "received_at",
    "instance",
    "version",
    "country",
    "region",
    "origin",
    "door",
    "doubtful_time",
    "fields",
)
SNAPSHOT = (
    "product",
    "snapshot",
    "instance",
    "origin",
    "as_of",
    "version",
    "country",
    "region",
    "door",
    "fields",
)
NO_EVENTS = "select " + ", ".join(
    f"{'toInt64(0)' if name == 'instance' else 'NULL'} as {name}" for name in EVENT
)
NO_SNAPSHOTS = "select " + ", ".join(
    f"{'toInt64(0)' if name == 'instance' else 'NULL'} as {name}" for name in SNAPSHOT
)


def _union(selects: Sequence[str], nothing: str) -> str:
    return " union all ".join(selects) or f"{nothing} where 0"


def _named(source: str, names: Sequence[str]) -> str:
    """The columns of a relation, with the id for the instance's number."""
    return ", ".join(
        "n.id as instance" if name == "instance" else f"{source}.{name} as {name}" for name in names
    )


def _events_of(databases: Databases, table: ItemTable) -> str:
    head = ", ".join(f"t.{name} as {name}" for name in EVENT[2:-1])
    return (
        f"select {literal(table.product)} as product, "
        f"{literal(table.item.partition('.')[2])} as event, {head}, t.fields as fields "
        f"from {databases.table(table.product, table.item)} as t"
    )


def _newest_of(databases: Databases, table: ItemTable) -> str:
    """Of two snapshots as of one time the one received later counts."""
    columns = [f"t.{identifier(field_column(name))}" for name in members(table.fields)]
    newest = [f"argMax({column}, (t.at, t.received_at))" for column in columns]
    head = ", ".join(
        f"argMax(t.{name}, (t.at, t.received_at)) as {name}"
        for name in ("version", "country", "region", "door")
    )
    return (
        f"select {literal(table.product)} as product, "
        f"{literal(table.item.partition('.')[2])} as snapshot, t.instance as instance, "
        f"t.origin as origin, max(t.at) as as_of, {head}, {_json_of(table, newest)} as fields "
        f"from {databases.table(table.product, table.item)} as t group by t.instance, t.origin"
    )


def _whole(table: ItemTable) -> str:
    """All fields of a row as one JSON text."""
    return _json_of(table, [_value(table, name) for name in members(table.fields)])


def _json_of(table: ItemTable, values: Sequence[str]) -> str:
    """SQL for the fields of a row as one JSON text."""
    parts = []
    for (name, type_), value in zip(members(table.fields).items(), values, strict=True):
        text = value if kind_of(type_) == JSON else f"toJSONString({value})"
        key = json.dumps(name) + ":"
        parts.append(f"{literal(key)}, ifNull({text}, 'null')")
    return "concat('{', " + ", ',', ".join(parts) + ", '}')" if parts else "'{}'"
