"""What a person's query may do: read tables and views of this installation, for a bounded time.

The text is ClickHouse's SQL. Two fences, each enough for most: parsed, it must be one SELECT over
our tables that calls nothing which reaches beyond them; and the server runs it read-only, within
bounds.
"""

from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link, Settings, StatementError
from glasshouse.store.port import QueryError, Rows

TIMED_OUT = 159
TABLE_FUNCTIONS = frozenset(("numbers", "zeros", "values"))

# Functions that read what is not a table of ours, or tell of the server itself.
FORBIDDEN = frozenset(
    (
        "file",
        "joinget",
        "joingetornull",
        "getsetting",
        "getserversetting",
        "getmacro",
        "hostname",
        "fqdn",
        "currentuser",
        "sleep",
        "sleepeachrow",
        "catboostevaluate",
        "filesystemavailable",
        "filesystemcapacity",
        "buildid",
        "serveruuid",
        "addresstoline",
        "addresstosymbol",
        "demangle",
        "executable",
        "evalmlmethod",
    )
)


def ask(
    link: Link, databases: Databases, text: str, *, limit: int, seconds: float, memory: int
) -> Rows:
    """Answer a person's query. Raises `QueryError`. `memory` in bytes."""
    checked = check_query(text, databases)
    bounds: Settings = {
        "readonly": 1,
        "max_execution_time": max(1, round(seconds)),
        "timeout_overflow_mode": "throw",
        "max_memory_usage": memory,
        "max_result_rows": limit + 1,
        "result_overflow_mode": "break",
    }
    try:
        found = link.ask(checked, bounds)
    except StatementError as error:
        if error.code == TIMED_OUT:
            raise QueryError(
                f"the query took longer than {seconds:g} s: ask for fewer days or fewer columns"
            ) from None
        raise QueryError(str(error)) from None
    return Rows(found.columns, found.rows[:limit], cut=len(found.rows) > limit)


def check_query(text: str, databases: Databases) -> str:
    """The query with our databases' names. Raises `QueryError` unless it is one plain SELECT."""
    try:
        parsed = [each for each in sqlglot.parse(text, read="clickhouse") if each is not None]
    except SqlglotError as error:
        raise QueryError(f"this is not SQL: {str(error).partition(chr(10))[0]}") from None
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        found = ", ".join(each.key.upper() for each in parsed) or "nothing"
        raise QueryError(f"found {found}, expected one SELECT: this surface only reads")
    tree = parsed[0]
    names = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    for node in tree.walk():
        _check_node(node, names, databases)
    return tree.sql(dialect="clickhouse")


def _check_node(node: Any, names: set[str], databases: Databases) -> None:
    if isinstance(node, exp.Table):
        _check_table(node, names, databases)
    elif isinstance(node, exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if name in FORBIDDEN or name.startswith("dict"):
            raise QueryError(f"found the function {name}(), expected one that reads tables alone")
    elif isinstance(node, (exp.Into, exp.Command)) or (
        isinstance(node, exp.Query) and (node.args.get("settings") or node.args.get("format"))
    ):
        raise QueryError("found INTO, SETTINGS or FORMAT, expected a plain SELECT")


def _check_table(table: exp.Table, names: set[str], databases: Databases) -> None:
    if not isinstance(table.this, exp.Identifier):
        name = table.this.name or table.this.sql_name() if table.this else ""
        if name.lower() not in TABLE_FUNCTIONS:
            raise QueryError(f"found the function {name}(), expected tables and views to read from")
        return
    if table.catalog:
        raise QueryError("found a name of three parts, expected PRODUCT.VIEW")
    if not table.db:
        if table.name not in names:
            table.set("db", exp.to_identifier(databases.people, quoted=True))
        return
    if table.db.lower() in ("system", "information_schema", "default"):
        raise QueryError("found a table of the engine's own, expected the documented views")
    mapped = databases.own if table.db == "store" else databases.of_product(table.db)
    table.set("db", exp.to_identifier(mapped, quoted=True))
