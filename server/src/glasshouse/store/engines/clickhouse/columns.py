"""Which column a declared field becomes, of the type in `store/column_types.py`.

Here each field of an item is a column of its own, "fields.NAME".

Lists, maps and groups are kept as JSON text: an array cannot be NULL, and what was not sent is not
the same as an empty list; and a group that gains a field needs no change of the table.
"""

from collections.abc import Mapping
from typing import Any

from glasshouse.store.column_types import NO_FIELD, ColumnType, Struct
from glasshouse.store.engines.clickhouse.dialect import Dialect

JSON = "JSON"
TEXT = "VARCHAR"
WHOLE = "BIGINT"
NUMBER = "DOUBLE"
BOOLEAN = "BOOLEAN"
MOMENT = "TIMESTAMP"

PLAIN = frozenset((TEXT, WHOLE, NUMBER, BOOLEAN, MOMENT))


def kind_of(type_: ColumnType) -> str:
    """One of the kinds above, of a field as it is declared."""
    return type_ if isinstance(type_, str) and type_ in PLAIN else JSON


def column_type(type_: ColumnType, dialect: Dialect) -> str:
    """What the column of a field holds."""
    of_kind = {
        TEXT: "String",
        WHOLE: "Int64",
        NUMBER: "Float64",
        BOOLEAN: dialect.boolean,
        MOMENT: dialect.moment,
        JSON: "String",
    }
    return f"Nullable({of_kind[kind_of(type_)]})"


def members(fields: Struct) -> Mapping[str, ColumnType]:
    """The fields that have a column."""
    return {name: type_ for name, type_ in fields.members.items() if name != NO_FIELD}


def field_column(name: str) -> str:
    return f"fields.{name}"


def element_type(type_: ColumnType) -> str:
    """The type in which `JSONExtract` reads what a column of JSON holds; "" for other columns."""
    if kind_of(type_) != JSON:
        return ""
    return _nested(type_)


def _nested(type_: ColumnType) -> str:
    if isinstance(type_, Struct):
        inner = ", ".join(f"`{name}` {_nested(each)}" for name, each in members(type_).items())
        return f"Array(Tuple({inner}))" if type_.repeated else f"Tuple({inner})"
    if type_.endswith("[]"):
        return f"Array({_nested(type_.removesuffix('[]'))})"
    return NESTED[type_]


NESTED = {
    TEXT: "Nullable(String)",
    WHOLE: "Nullable(Int64)",
    NUMBER: "Nullable(Float64)",
    BOOLEAN: "Nullable(Bool)",
    MOMENT: "Nullable(String)",
    "MAP(VARCHAR, BIGINT)": "Map(String, Int64)",
}


def to_plain(type_: ColumnType) -> Any:
    """A tree as JSON has it."""
    if isinstance(type_, str):
        return type_
    inner = {name: to_plain(each) for name, each in type_.members.items()}
    return {"members": inner, "repeated": type_.repeated}


def from_plain(plain: Any) -> ColumnType:
    """The tree that `to_plain` made it of."""
    if isinstance(plain, str):
        return plain
    inner = {name: from_plain(each) for name, each in plain["members"].items()}
    return Struct(inner, plain["repeated"])
