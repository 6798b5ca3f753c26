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

    def filled(self, parameters: Mapping[str, Any]) -> str:
        """The text with its parameters. Raises `QueryError` where one is not given."""
        found = [self.pieces[0]]
        for name, piece in zip(self.names, self.pieces[1:], strict=True):
            if name not in parameters:
                raise QueryError(f"found no value for the parameter ${name}, expected one")
            found += (literal(parameters[name]), piece)
        return "".join(found)


def translate(text: str, parameters: Mapping[str, Any], databases: Databases) -> str:
    """One query of ours, its parameters filled in. Raises `QueryError`."""
    return translated(text, databases).filled(parameters)


@lru_cache(maxsize=MOST_TEXTS)
def translated(text: str, databases: Databases) -> Translation:
    """A query in DuckDB's words in ClickHouse's. Raises `QueryError` for what is not SQL."""
    if _MARK in text:
        raise QueryError("found the character NUL in a query, expected text")
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except sqlglot.ParseError as error:
        raise QueryError(str(error)) from None
    tree = _with_databases(_with_marks(rewritten(tree)), databases)
    parts = tree.sql("clickhouse", comments=False).split(_MARK)
    return Translation(tuple(parts[::2]), tuple(parts[1::2]))


def _with_marks(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.Placeholder)):
        node.replace(exp.Var(this=f"{_MARK}{node.name}{_MARK}"))
    return tree


def _with_databases(tree: exp.Expr, databases: Databases) -> exp.Expr:
    for table in tree.find_all(exp.Table):
        if table.db == "store":
            table.set("db", exp.to_identifier(databases.own, quoted=True))
    return tree


def literal(value: Any) -> str:
    """A parameter as ClickHouse reads it: text, number, day, moment (UTC), or null."""
    return _literal(value).sql("clickhouse")


def _literal(value: Any) -> exp.Expr:
    if value is None:
        return exp.null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        return exp.Literal.number(value)
    if isinstance(value, datetime):
        moment = exp.Literal.string(value.strftime("%Y-%m-%d %H:%M:%S.%f"))
        zone = exp.Literal.string("UTC")
        return exp.func("toDateTime64", moment, exp.Literal.number(6), zone)
    if isinstance(value, date):
        return exp.func("toDate32", exp.Literal.string(value.isoformat()))
    if isinstance(value, str):
        return exp.Literal.string(value)
    raise QueryError(f"found a parameter of type {type(value).__name__}, expected text or a number")
