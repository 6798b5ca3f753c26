"""A profile: of each table its rows, of each column how full and how varied it is."""

from dataclasses import asdict, dataclass
from typing import Any

from sources import Source, quoted


@dataclass(frozen=True, slots=True)
class Column:
    """Lowest and highest as text, for they are shown and compared, never calculated with."""

    name: str
    kind: str
    nulls: int
    distinct: int
    lowest: str | None
    highest: str | None


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    rows: int
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    tables: tuple[Table, ...]

    @property
    def columns(self) -> int:
        return sum(len(table.columns) for table in self.tables)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def profile(source: Source) -> Profile:
    """Reads every table. Raises WrongCallError."""
    return Profile(tuple(_table(source, schema, name) for schema, name in source.tables()))


def _table(source: Source, schema: str, name: str) -> Table:
    where = quoted(schema, name)
    ((rows,),) = source.ask(f"select count(*) from {where}")
    columns = tuple(
        _column(source, where, rows, column, kind) for column, kind in source.columns(schema, name)
    )
    return Table(name, rows, columns)


def _column(source: Source, where: str, rows: int, name: str, kind: str) -> Column:
    # One pass for each column: a count of distinct values needs memory for that column alone.
    of = source.comparable(name, kind)
    ((filled, distinct, lowest, highest),) = source.ask(
        f"select count({of}), count(distinct {of}), min({of}), max({of}) from {where}"
    )
    return Column(name, kind, rows - filled, distinct, _text(lowest), _text(highest))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
