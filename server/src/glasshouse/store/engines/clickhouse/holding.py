"""All that is held about one identity, row by row."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from glasshouse.store.engines.clickhouse.columns import JSON, field_column, kind_of, members
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.identities import surrogate
from glasshouse.store.engines.clickhouse.link import Link
from glasshouse.store.engines.clickhouse.quoting import identifier, literal
from glasshouse.store.engines.clickhouse.tables import ItemTable

PREFIX = field_column("")
INSTANCES = "product, origin, first_seen, last_seen, first_version, current_version, place, door"


def held(
    link: Link,
    databases: Databases,
    tables: Sequence[ItemTable],
    who: tuple[str, str, str],
) -> Iterator[dict[str, Any]]:
    """An object per row: `table`, then its columns. Items first, then what is derived of them.

    `who` is a product, a kind of identity and an id.
    """
    product, kind, identity = who
    number = surrogate(product, kind, identity)
    ids = databases.own_table("identities")
    found = link.ask(
        f"select id from {ids} where surrogate = {number} and product = {literal(product)} "
        f"and kind = {literal(kind)}"
    )
    if not found.rows:
        return
    for table in tables:
        if kind == "instance" or kind in table.identities:
            yield from _items(link, databases, table, f"{identifier(kind)} = {number}")
    if kind == "instance":
        whose = f"product = {literal(product)} and instance = {number}"
        for name, columns in (
            ("instances", INSTANCES),
            ("instance_days", "product, day, version, origin, items"),
        ):
            rows = link.ask(f"select {columns} from {databases.own_table(name)} where {whose}")
            for row in rows.as_dicts():
                yield {"table": name, "instance": identity, **row}


def _items(
    link: Link, databases: Databases, table: ItemTable, condition: str
) -> Iterator[dict[str, Any]]:
    found = link.ask(
        f"select * from {databases.table(table.product, table.item)} where {condition} "
        'order by received_at, "at"'
    )
    rows = found.as_dicts()
    kinds = ("instance", *table.identities)
    numbers = {row[kind] for row in rows for kind in kinds if row[kind] is not None}
    ids = _ids(link, databases, sorted(numbers))
    json_fields = {name for name, type_ in members(table.fields).items() if kind_of(type_) == JSON}
    for row in rows:
        shown = {name: value for name, value in row.items() if not name.startswith(PREFIX)}
        for kind in kinds:
            shown[kind] = ids.get(row[kind])
        fields = {
            name.removeprefix(PREFIX): value
            for name, value in row.items()
            if name.startswith(PREFIX)
        }
        for name in json_fields:
            fields[name] = None if fields[name] is None else json.loads(fields[name])
        yield {"table": table.item, **shown, "fields": fields}


def _ids(link: Link, databases: Databases, numbers: Sequence[int]) -> dict[int, str]:
    if not numbers:
        return {}
    listed = ", ".join(map(str, numbers))
    ids = databases.own_table("identities")
    return dict(link.ask(f"select surrogate, id from {ids} where surrogate in ({listed})").rows)
