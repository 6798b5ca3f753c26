"""Data sources: a DuckDB or SQLite file or a PostgreSQL database, opened to read alone."""

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import postgres
from failures import WrongCallError

TABLES = {
    "duckdb": "select table_schema, table_name from information_schema.tables "
    "where table_type = 'BASE TABLE' order by all",
    "sqlite": "select 'main', name from sqlite_master "
    "where type = 'table' and name not like 'sqlite!_%' escape '!' order by name",
    "postgres": "select table_schema, table_name from information_schema.tables "
    "where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') "
    "order by 1, 2",
}
COLUMNS = {
    "duckdb": "select column_name, data_type from information_schema.columns "
    "where table_schema = ? and table_name = ? order by ordinal_position",
    "sqlite": "select name, type from pragma_table_info(?2, ?1) order by cid",
    "postgres": "select column_name, data_type from information_schema.columns "
    "where table_schema = :v1 and table_name = :v2 order by ordinal_position",
}
# What PostgreSQL can sort; of other columns, such as json, the text is looked at.
SORTED = re.compile(
    "smallint|integer|bigint|numeric|real|double precision|date|time.*|interval|text|character.*"
)


@dataclass(frozen=True, slots=True)
class Source:
    """An open source. `ask` runs one query; raises WrongCallError with the source's own words."""

    kind: str
    run: Callable[[str, Sequence[str]], list[tuple[Any, ...]]]

    def ask(self, sql: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        try:
            return self.run(sql, values)
        except (duckdb.Error, sqlite3.Error) as error:
            raise WrongCallError(f"the data source refused {sql!r}: {error}") from None

    def comparable(self, column: str, kind: str) -> str:
        """The column as an expression that can be counted and sorted."""
        is_sorted = self.kind != "postgres" or SORTED.fullmatch(kind)
        return quoted(column) if is_sorted else f"{quoted(column)}::text"

    def tables(self) -> list[tuple[str, str]]:
        """Schema and name."""
        return [(schema, name) for schema, name in self.ask(TABLES[self.kind])]

    def columns(self, schema: str, table: str) -> list[tuple[str, str]]:
        """Name and type, in their order."""
        return [(name, kind) for name, kind in self.ask(COLUMNS[self.kind], (schema, table))]


@contextlib.contextmanager
def opened(kind: str, place: str, environment: Mapping[str, str]) -> Iterator[Source]:
    """`place`: a path, or an address. Raises WrongCallError."""
    try:
        if kind == "postgres":
            run, close = postgres.connected(place, environment)
            source = Source(kind, run)
        else:
            source, close = _opened_file(kind, Path(place))
    except (duckdb.Error, sqlite3.Error) as error:
        raise WrongCallError(f"cannot open {place}: {error}") from None
    try:
        yield source
    finally:
        close()


def _opened_file(kind: str, path: Path) -> tuple[Source, Callable[[], None]]:
    if not path.exists():
        raise WrongCallError(f"found no data source at {path}; correct .piperider/config.yml")
    return FILES[kind](path)


def _duckdb(path: Path) -> tuple[Source, Callable[[], None]]:
    # Custom assertions are somebody's SQL: it reads this file and nothing else.
    connection = duckdb.connect(
        str(path),
        read_only=True,
        config={"enable_external_access": "false", "lock_configuration": "true"},
    )

    def run(sql: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        return connection.execute(sql, list(values)).fetchall()

    return Source("duckdb", run), connection.close


def _sqlite(path: Path) -> tuple[Source, Callable[[], None]]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def run(sql: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        return connection.execute(sql, tuple(values)).fetchall()

    return Source("sqlite", run), connection.close


def quoted(*names: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


FILES: Mapping[str, Callable[[Path], tuple[Source, Callable[[], None]]]] = {
    "duckdb": _duckdb,
    "sqlite": _sqlite,
}
