"""Each query of ours in ClickHouse's words: the one text in `queries/` is DuckDB's.

A text is translated once (some milliseconds) and kept; what differs from ask to ask, the
parameters, is filled in afterwards, each as a literal that sqlglot has quoted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.dialect import MODERN, Dialect
from glasshouse.store.engines.clickhouse.wording import rewritten
from glasshouse.store.port import QueryError

MOST_TEXTS = 2000  # kept translated: more than the questions have shapes
_MARK = "\x00"  # stands around the name of a parameter; no SQL has it

# What a translated query relies on; every connection that runs one sends these.
READING: Mapping[str, int | str] = {
    "join_use_nulls": 1,  # a row that finds no partner has nulls beside it, not zeros
    "distributed_product_mode": "global",  # what stands in a query is answered for all shards
}


@dataclass(frozen=True, slots=True)
class Translation:
    """A text in pieces, and the names of the parameters between them."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    dialect: Dialect

    def filled(self, parameters: Mapping[str, Any]) -> str:
        """The text with its parameters. Raises `QueryError` where one is not given."""
        found = [self.pieces[0]]
        for name, piece in zip(self.names, self.pieces[1:], strict=True):
            if name not in parameters:
                raise QueryError(f"found no value for the parameter ${name}, expected one")
            found += (literal(parameters[name], self.dialect), piece)
        return "".join(found)


def translate(
    text: str, parameters: Mapping[str, Any], databases: Databases, dialect: Dialect = MODERN
) -> str:
    """One query of ours, its parameters filled in. Raises `QueryError`."""
    return translated(text, databases, dialect).filled(parameters)


@lru_cache(maxsize=MOST_TEXTS)
def translated(text: str, databases: Databases, dialect: Dialect) -> Translation:
    """A query in DuckDB's words in ClickHouse's. Raises `QueryError` for what is not SQL."""
    if _MARK in text:
        raise QueryError("found the character NUL in a query, expected text")
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except sqlglot.ParseError as error:
        raise QueryError(str(error)) from None
    tree = _with_databases(_with_marks(rewritten(tree, dialect)), databases)
    parts = tree.sql("clickhouse", comments=False).split(_MARK)
    return Translation(tuple(parts[::2]), tuple(parts[1::2]), dialect)


def _with_marks(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.Placeholder)):
        node.replace(exp.Var(this=f"{_MARK}{node.name}{_MARK}"))
    return tree


def _with_databases(tree: exp.Expr, databases: Databases) -> exp.Expr:
    for table in tree.find_all(exp.Table):
        if table.db == "store":
            table.set("db", exp.to_identifier(databases.own, quoted=True))
    return tree


def literal(value: Any, dialect: Dialect = MODERN) -> str:
    """A parameter as ClickHouse reads it: text, number, day, moment (UTC), or null."""
    return _literal(value, dialect).sql("clickhouse")


def _literal(value: Any, dialect: Dialect) -> exp.Expr:
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.Literal.number(int(value))
    if isinstance(value, int | float):
        return exp.Literal.number(value)
    if isinstance(value, datetime):
        fraction = ".%f" if dialect.ticks > 1 else ""
        return _cast(value.strftime(f"%Y-%m-%d %H:%M:%S{fraction}"), dialect.moment)
    if isinstance(value, date):
        return _cast(value.isoformat(), dialect.day)
    if isinstance(value, str):
        return exp.Literal.string(value)
    raise QueryError(f"found a parameter of type {type(value).__name__}, expected text or a number")


def _cast(text: str, type_: str) -> exp.Expr:
    arguments = exp.Literal.string(text), exp.Literal.string(type_)
    return exp.Anonymous(this="CAST", expressions=list(arguments))
