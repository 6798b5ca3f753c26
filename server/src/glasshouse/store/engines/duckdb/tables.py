"""The tables: the store's own, and one for every declared item.

The table of `snapshot.host` of product psmdb is "psmdb"."snapshot.host"; the view that people use
is "psmdb"."snapshot_host". Rows carry surrogates of identities; each id stands once, in
store.identities, which an erasure rewrites.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from duckdb import DuckDBPyConnection

from glasshouse.store.column_types import Struct, widened
from glasshouse.store.engines.duckdb.columns import additions, stored_type
from glasshouse.store.engines.duckdb.quoting import identifier
from glasshouse.store.item_schema import ItemSchema
from glasshouse.store.port import SchemaError
from glasshouse_sdk.manifest import Item

OWN_TABLES = """
create schema if not exists store;
create table if not exists store.identities (
    surrogate integer not null, product varchar not null, kind varchar not null, id varchar not null
);
create table if not exists store.folded_instances (
    product varchar not null, origin varchar not null, instance integer not null,
    first_seen timestamp not null, last_seen timestamp not null, door varchar not null,
    first_version varchar, first_version_at timestamp,
    current_version varchar, current_version_at timestamp,
    place varchar, place_at timestamp, -- COUNTRY/REGION
    items bigint not null
);
create table if not exists store.accounting (
    product varchar not null, door varchar not null, outcome varchar not null,
    reason varchar not null, items bigint not null
);
create table if not exists store.refusals (
    seq bigint not null, product varchar not null, door varchar not null, item varchar,
    field varchar, outcome varchar not null, reason varchar not null, "at" timestamp not null,
    items bigint not null
);
create table if not exists store.refused_days (
    product varchar not null, day date not null, version varchar, outcome varchar not null,
    reason varchar not null, items bigint not null
);
create table if not exists store.position (segment bigint not null, byte_offset bigint not null);
create table if not exists store.fresh_keys (keys blob not null, day date not null);
create table if not exists store.key_runs (
    name varchar not null, keys bigint not null, checksum bigint not null, newest_day date not null
);
"""

# What the tables were called before there were levels (see docs/decisions/0012).
FORMER_NAMES = {"instances": "folded_instances", "instance_days": "open_days"}

# Schemas that mean something else here: the store's own, DuckDB's, and the database file's name,
# which would make "glasshouse.event_x" ambiguous. A slug has no underscore, so these stay unique.
TAKEN_SCHEMAS = frozenset(
    ("main", "store", "temp", "system", "glasshouse", "information_schema", "pg_catalog")
)

HEADER = (
    ("at", "timestamp not null"),
    ("received_at", "timestamp not null"),
    ("instance", "integer not null"),
    ("version", "varchar"),
    ("country", "varchar"),
    ("region", "varchar"),
    ("origin", "varchar not null"),
    ("door", "varchar not null"),
    ("doubtful_time", "boolean not null"),
)


@dataclass(frozen=True, slots=True)
class ItemTable(ItemSchema):
    """The table of one item."""

    @property
    def lines(self) -> Struct:
        """The fields as lines have them: older clients still send the earlier names."""
        members = self.fields.members
        earlier = {name: members[now] for now, names in self.former.items() for name in names}
        return Struct({**members, **earlier})

    @property
    def name(self) -> str:
        return f"{schema_of(self.product)}.{identifier(self.item)}"

    @property
    def view(self) -> str:
        return f"{schema_of(self.product)}.{identifier(self.item.replace('.', '_', 1))}"


def schema_of(product: str) -> str:
    return identifier(f"{product}_" if product in TAKEN_SCHEMAS else product)


def adopt_former_tables(connection: DuckDBPyConnection) -> None:
    """A file of an earlier version: its tables hold the same columns under other names."""
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'store'"
    ).fetchall()
    for (name,) in found:
        if name in FORMER_NAMES:
            connection.execute(f"alter table store.{name} rename to {FORMER_NAMES[name]}")


def read_tables(connection: DuckDBPyConnection) -> dict[tuple[str, str], ItemTable]:
    """The item tables that are there, by product and path."""
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where table_name like 'event.%' or table_name like 'snapshot.%' order by all"
    ).fetchall()
    tables = {}
    for schema, path in found:
        product = schema.removesuffix("_")
        tables[product, path] = _read_table(connection, product, path)
    return tables


def _read_table(connection: DuckDBPyConnection, product: str, path: str) -> ItemTable:
    columns = connection.sql(f"select * from {schema_of(product)}.{identifier(path)} limit 0")
    types = dict(zip(columns.columns, columns.dtypes, strict=True))
    fields = stored_type(types.pop("fields"))
    if not isinstance(fields, Struct):
        raise SchemaError(f"{product} {path}: found no struct in the column 'fields'")
    header = {name for name, _ in HEADER}
    return ItemTable(product, path, fields, tuple(name for name in types if name not in header))


def ensure_table(
    connection: DuckDBPyConnection, product: str, item: Item, known: ItemTable | None
) -> ItemTable:
    """Make the table of an item, or widen it by what the declaration adds, or give its columns the
    names that they have now. Keeps every row.
    """
    declared = ItemTable.declared(product, item)
    if known is None:
        connection.execute(f"create schema if not exists {schema_of(product)}")
        connection.execute(_create(declared))
        return declared
    known = _renamed(connection, known, declared.former)
    target = widened(known.fields, declared.fields, item.path)
    _widen(connection, known, target)
    missing = known.lacks(declared)
    for name in missing:
        connection.execute(f"alter table {known.name} add column {identifier(name)} integer")
    # A name that is itself an earlier one by now leads nowhere any more.
    former = {name: names for name, names in known.former.items() if name in target.members}
    return replace(known, fields=target, identities=known.identities + missing, former=former)


def _renamed(
    connection: DuckDBPyConnection, known: ItemTable, former: Mapping[str, tuple[str, ...]]
) -> ItemTable:
    """The table with the rows of a field's earlier names under its name."""
    members = dict(known.fields.members)
    for name, earlier in former.items():
        for old in earlier:
            if old not in members:
                continue
            if name in members:  # both were stored: of each row one holds the value
                del members[old]
                type_ = Struct(members)
                values = _moved(members, {name: (old,)}, "fields")
                connection.execute(
                    f"alter table {known.name} alter column fields set data type {type_} "
                    f"using {values}"
                )
                continue
            connection.execute(
                f"alter table {known.name} rename column fields.{identifier(old)} "
                f"to {identifier(name)}"
            )
            members = {name if member == old else member: t for member, t in members.items()}
    return replace(known, fields=Struct(members), former={**known.former, **former})


def fields_sql(table: ItemTable, source: str) -> str:
    """The fields of a line as the table has them: what came under an earlier name is moved."""
    return _moved(table.fields.members, table.former, source) if table.former else source


def _moved(members: Iterable[str], former: Mapping[str, tuple[str, ...]], source: str) -> str:
    values = (
        f"{identifier(name)} := coalesce("
        + ", ".join(f"{source}.{identifier(each)}" for each in (name, *former.get(name, ())))
        + ")"
        for name in members
    )
    return f"struct_pack({', '.join(values)})"


def _create(table: ItemTable) -> str:
    columns = [f"{identifier(name)} {type_}" for name, type_ in HEADER]
    columns += [f"{identifier(name)} integer" for name in table.identities]
    return f"create table {table.name} ({', '.join(columns)}, fields {table.fields})"


def _widen(connection: DuckDBPyConnection, known: ItemTable, target: Struct) -> None:
    if target == known.fields:
        return
    added = additions(known.fields, target, "fields")
    if added is None:
        connection.execute(f"alter table {known.name} alter column fields set data type {target}")
        return
    for path, type_ in added:
        connection.execute(f"alter table {known.name} add column {path} {type_}")
