"""The views that people and tools use; docs/reference/views.md describes them.

    events, snapshots, instances, instance_days     over all products
    "PRODUCT"."event_NAME"                          one typed view per declared item

They hold ids, not surrogates, and they are made again whenever a table changes.
"""

from collections.abc import Iterable, Sequence

from duckdb import DuckDBPyConnection

from glasshouse.store.column_types import NO_FIELD
from glasshouse.store.engines.duckdb import first_days, memberships
from glasshouse.store.engines.duckdb.folding import COMBINED, FACTS
from glasshouse.store.engines.duckdb.periods import ACTIVE_DAYS, STEPS, view_of
from glasshouse.store.engines.duckdb.quoting import identifier, literal
from glasshouse.store.engines.duckdb.tables import ItemTable

# What is folded and what has arrived since, together.
OWN_INSTANCES = f"""
create or replace view store.instances as
select product, origin, instance, {COMBINED}
from (
    select product, origin, instance, first_seen, last_seen, door, first_version, first_version_at,
           current_version, current_version_at, place, place_at, items
    from store.folded_instances
    union all by name
    select product, origin, instance, {FACTS} from store.arrivals group by all
) group by product, origin, instance
"""

INSTANCES = """
create or replace view instances as
select i.product, n.id as instance, i.origin, i.first_seen, i.last_seen, i.first_version,
       i.current_version, split_part(i.place, '/', 1) as country,
       nullif(split_part(i.place, '/', 2), '') as region, i.door, i.items
from store.instances i join store.identities n on n.surrogate = i.instance
"""

INSTANCE_DAYS = """
create or replace view instance_days as
select d.product, d.day, n.id as instance, d.version, d.origin, d.items
from store.instance_days d join store.identities n on n.surrogate = d.instance
"""

EVENTS = """
create or replace view events as
select e.product, e.event, e."at", e.received_at, n.id as instance, e.version, e.country, e.region,
       e.origin, e.door, e.doubtful_time, e.fields
from ({tables}) e join store.identities n on n.surrogate = e.instance
"""

NO_EVENTS = """
select null::varchar as product, null::varchar as event, null::timestamp as "at",
       null::timestamp as received_at, null::integer as instance, null::varchar as version,
       null::varchar as country, null::varchar as region, null::varchar as origin,
       null::varchar as door, null::boolean as doubtful_time, null::json as fields
where false
"""

SNAPSHOTS = """
create or replace view snapshots as
select s.product, s.snapshot, n.id as instance, s.origin, s.as_of, s.version, s.country, s.region,
       s.door, s.fields
from ({tables}) s join store.identities n on n.surrogate = s.instance
"""

NO_SNAPSHOTS = """
select null::varchar as product, null::varchar as snapshot, null::integer as instance,
       null::varchar as origin, null::timestamp as as_of, null::varchar as version,
       null::varchar as country, null::varchar as region, null::varchar as door,
       null::json as fields
where false
"""

# Of two snapshots as of one time the one received later counts, of two received at one time the
# greater value: a rule is needed, so that the order of loading does not decide.
NEWEST = (
    'arg_max({value}, (t."at", t.received_at, {value}::varchar)) filter (where {value} is not null)'
)


def make_views(connection: DuckDBPyConnection, tables: Iterable[ItemTable]) -> None:
    """Make every view again."""
    tables = tuple(tables)
    connection.execute(OWN_INSTANCES)
    for step in STEPS:
        connection.execute(view_of(step))
    connection.execute(ACTIVE_DAYS)
    connection.execute(first_days.VIEWS)
    connection.execute(memberships.VIEW)
    connection.execute(INSTANCES)
    connection.execute(INSTANCE_DAYS)
    events = [_events_of(table) for table in tables if table.kind == "event"]
    connection.execute(EVENTS.format(tables=_union(events, NO_EVENTS)))
    snapshots = [_newest_of(table) for table in tables if table.kind == "snapshot"]
    connection.execute(SNAPSHOTS.format(tables=_union(snapshots, NO_SNAPSHOTS)))
    for table in tables:
        connection.execute(_typed_view(table))


def _union(selects: Sequence[str], nothing: str) -> str:
    return " union all ".join(selects) or nothing


def _member(name: str) -> str:
    return f"t.fields.{identifier(name)}"


def _names(table: ItemTable) -> tuple[str, ...]:
    return tuple(name for name in table.fields.members if name != NO_FIELD)


def _json(values: Sequence[tuple[str, str]]) -> str:
    if not values:
        return "'{}'::json"
    packed = ", ".join(f"{identifier(name)} := {value}" for name, value in values)
    return f"to_json(struct_pack({packed}))"


def _events_of(table: ItemTable) -> str:
    fields = _json([(name, _member(name)) for name in _names(table)])
    return (
        f"select {literal(table.product)} as product, {literal(table.item.partition('.')[2])} "
        'as event, t."at", t.received_at, t.instance, t.version, t.country, t.region, t.origin, '
        f"t.door, t.doubtful_time, {fields} as fields from {table.name} t"
    )


def _newest_of(table: ItemTable) -> str:
    fields = _json([(name, NEWEST.format(value=_member(name))) for name in _names(table)])
    header = ", ".join(
        f"{NEWEST.format(value=f't.{name}')} as {name}"
        for name in ("version", "country", "region", "door")
    )
    return (
        f"select {literal(table.product)} as product, {literal(table.item.partition('.')[2])} "
        f'as snapshot, t.instance, t.origin, max(t."at") as as_of, {header}, {fields} as fields '
        f"from {table.name} t group by t.instance, t.origin"
    )


def _typed_view(table: ItemTable) -> str:
    others = "".join(f", n_{name}.id as {identifier(name)}" for name in table.identities)
    joins = "".join(
        f" left join store.identities n_{name} on n_{name}.surrogate = t.{identifier(name)}"
        for name in table.identities
    )
    return (
        f'create or replace view {table.view} as select t."at", t.received_at, n.id as instance, '
        f"t.version, t.country, t.region, t.origin, t.door, t.doubtful_time{others}, t.fields "
        f"from {table.name} t join store.identities n on n.surrogate = t.instance{joins}"
    )
