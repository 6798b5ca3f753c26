"""Which type a declared field's column has, and how it follows a newer declaration.

A column type is a tree: a leaf is a type by the name that SQL and DuckDB have for it, a struct has
named members, a group is a list of structs. Types only ever widen, so that rows of every release
fit the same table. An engine that has other types goes by this tree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse.store.port import SchemaError
from glasshouse_sdk.manifest import Field

LEAVES = {
    "enum": "VARCHAR",
    "version": "VARCHAR",
    "text": "VARCHAR",
    "address": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "duration": "DOUBLE",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
    "map": "MAP(VARCHAR, BIGINT)",
}
ANONYMISED = {"length": "BIGINT", "bucket": "DOUBLE"}

# A struct needs a member; this one stands in an item that declares no field. No field can have its
# name, for names begin with a letter.
NO_FIELD = "-"


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct type, or with `repeated` a list of it. Names of members are those of fields, which
    need nothing escaped; as text it is what DuckDB takes and prints.
    """

    members: Mapping[str, "ColumnType"]
    repeated: bool = False

    def __str__(self) -> str:
        inner = ", ".join(f'"{name}" {type_}' for name, type_ in self.members.items())
        return f"STRUCT({inner})" + ("[]" if self.repeated else "")


ColumnType = str | Struct


def declared_struct(fields: Mapping[str, Field], *, repeated: bool = False) -> Struct:
    """The struct that holds these fields."""
    seen: dict[str, str] = {}
    for name in fields:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise SchemaError(
                f"found the fields '{other}' and '{name}', expected names that differ in more than "
                "case: rename one of them in the manifest"
            )
    members = {name: _declared(field) for name, field in fields.items()}
    return Struct(members or {NO_FIELD: "BOOLEAN"}, repeated)


def _declared(field: Field) -> ColumnType:
    if field.type == "group":
        return declared_struct(field.fields, repeated=True)
    if field.type == "list":
        return LEAVES[field.of or "text"] + "[]"
    return ANONYMISED.get(field.anonymise) or LEAVES[field.type]


def widened(old: Struct, new: Struct, where: str) -> Struct:
    """`old` with what `new` has beyond it; a leaf of two types becomes the one that holds both."""
    members = dict(old.members)
    lower = {name.lower(): name for name in members}
    for name, type_ in new.members.items():
        known = lower.get(name.lower())
        if known is not None and known != name:
            raise SchemaError(
                f"{where}: found the field '{name}' where rows are stored under '{known}', "
                "expected the same case or another name"
            )
        members[name] = type_ if known is None else _both(members[name], type_, f"{where}.{name}")
    return Struct(members, old.repeated)


def _both(old: ColumnType, new: ColumnType, where: str) -> ColumnType:
    if old == new:
        return old
    if isinstance(old, Struct) and isinstance(new, Struct) and old.repeated == new.repeated:
        return widened(old, new, where)
    wider = WIDER.get(frozenset((str(old), str(new))))
    if wider is None:
        raise SchemaError(f"{where}: found {new}, where rows are stored as {old}: rename the field")
    return wider


WIDER = {
    frozenset(("BIGINT", "DOUBLE")): "DOUBLE",
    frozenset(("BIGINT", "VARCHAR")): "VARCHAR",
    frozenset(("DOUBLE", "VARCHAR")): "VARCHAR",
}
