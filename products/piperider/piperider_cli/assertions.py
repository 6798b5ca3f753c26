"""Assertions: what must hold of the data, in `.piperider/assertions.yml`.

    - table: orders
      rows_at_least: 1
    - table: orders
      column: amount
      assert: not_null
    - custom: no order is negative
      sql: select * from orders where amount < 0

Built in are `rows_at_least`, `not_null` and `unique`. A custom one is a query that must
find nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from failures import WrongCallError
from profiling import Column, Profile, Table
from sources import Source

FILE = "assertions.yml"
BUILT_IN: Mapping[str, Callable[[Table, Column], bool]] = {
    "not_null": lambda _, column: column.nulls == 0,
    "unique": lambda table, column: column.distinct == table.rows - column.nulls,
}


@dataclass(frozen=True, slots=True)
class Assertion:
    """Of one table or column, or custom: then `sql` is set."""

    name: str
    table: str = ""
    column: str = ""
    rows_at_least: int | None = None
    sql: str | None = None

    @property
    def is_custom(self) -> bool:
        return self.sql is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    name: str
    passed: bool


def read_assertions(folder: Path) -> tuple[Assertion, ...]:
    """Raises WrongCallError."""
    path = folder / FILE
    try:
        entries = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise WrongCallError(f"cannot read {path}: {error}; correct it") from None
    if not isinstance(entries, list | None):
        raise WrongCallError(f"found no list in {path}; expected one; correct it")
    return tuple(_assertion(entry, path) for entry in entries or ())


def generated(profile: Profile) -> list[dict[str, Any]]:
    """What holds today, as entries of the file: a start that a person goes on from."""
    entries: list[dict[str, Any]] = []
    for table in profile.tables:
        if table.rows:
            entries.append({"table": table.name, "rows_at_least": 1})
        for column in table.columns:
            entries += (
                {"table": table.name, "column": column.name, "assert": name}
                for name, holds in BUILT_IN.items()
                if table.rows and holds(table, column)
            )
    return entries


def write_generated(folder: Path, profile: Profile) -> int:
    """Adds to the file what it does not say yet: how many. Raises WrongCallError, OSError."""
    known = {assertion.name for assertion in read_assertions(folder)}
    path = folder / FILE
    new = [entry for entry in generated(profile) if _assertion(entry, path).name not in known]
    if new:
        with path.open("a") as file:
            file.write(yaml.safe_dump(new, sort_keys=False))
    return len(new)


def evaluated(
    assertions: tuple[Assertion, ...], profile: Profile, source: Source
) -> Iterator[Verdict]:
    """Raises WrongCallError if a custom query makes no sense."""
    tables = {table.name: table for table in profile.tables}
    for assertion in assertions:
        if assertion.sql is not None:
            yield Verdict(assertion.name, not source.ask(assertion.sql))
        else:
            table = tables.get(assertion.table)
            yield Verdict(assertion.name, table is not None and _holds(assertion, table))


def count(assertions: tuple[Assertion, ...]) -> tuple[int, int]:
    """Built-in and custom ones."""
    kinds = Counter(assertion.is_custom for assertion in assertions)
    return kinds[False], kinds[True]


def _holds(assertion: Assertion, table: Table) -> bool:
    if assertion.rows_at_least is not None:
        return table.rows >= assertion.rows_at_least
    column = next((each for each in table.columns if each.name == assertion.column), None)
    kind = assertion.name.partition(" ")[0]
    return column is not None and BUILT_IN[kind](table, column)


def _assertion(entry: Any, path: Path) -> Assertion:
    match entry:
        case {"custom": str(name), "sql": str(sql)}:
            return Assertion(name, sql=sql)
        case {"table": str(table), "rows_at_least": int(rows)}:
            return Assertion(f"rows_at_least {rows} {table}", table, rows_at_least=rows)
        case {"table": str(table), "column": str(column), "assert": str(kind)} if kind in BUILT_IN:
            return Assertion(f"{kind} {table}.{column}", table, column)
    raise WrongCallError(
        f"found {entry} in {path}; expected table and rows_at_least, or table, column and assert "
        f"({', '.join(BUILT_IN)}), or custom and sql; correct it"
    )
