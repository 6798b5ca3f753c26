"""A column type as DuckDB describes it, and the columns that it gains (`store/column_types.py`)."""

from collections.abc import Iterator

from duckdb.sqltypes import DuckDBPyType

from glasshouse.store.column_types import ColumnType, Struct
from glasshouse.store.engines.duckdb.quoting import identifier


def stored_type(type_: DuckDBPyType) -> ColumnType:
    """The tree of a type as the engine describes it."""
    if type_.id == "struct":
        return Struct(_members(type_))
    if type_.id == "list":
        element = dict(_members_raw(type_))["child"]
        if element.id == "struct":
            return Struct(_members(element), repeated=True)
    return str(type_)


def _members(type_: DuckDBPyType) -> dict[str, ColumnType]:
    return {name: stored_type(child) for name, child in _members_raw(type_)}


def _members_raw(type_: DuckDBPyType) -> Iterator[tuple[str, DuckDBPyType]]:
    for name, child in type_.children:
        if isinstance(child, DuckDBPyType):
            yield name, child


def additions(old: Struct, new: Struct, prefix: str) -> Iterator[tuple[str, ColumnType]] | None:
    """Paths of members to add so that `old` becomes `new`; None if more than adding is needed."""
    found: list[tuple[str, ColumnType]] = []
    for name, type_ in new.members.items():
        path = f"{prefix}.{identifier(name)}"
        known = old.members.get(name)
        if known is None:
            found.append((path, type_))
        elif isinstance(known, Struct) and isinstance(type_, Struct):
            deeper = additions(known, type_, f"{path}.element")
            if deeper is None:
                return None
            found += deeper
        elif known != type_:
            return None
    return iter(found)
