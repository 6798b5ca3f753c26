"""The texts in `store/queries/`, which are DuckDB's SQL, as ClickHouse understands them."""

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from glasshouse.store.engines.clickhouse.databases import Databases


def translate(text: str, parameters: Mapping[str, Any], databases: Databases) -> str:
    """One query, its parameters filled in."""
    tree = sqlglot.parse_one(text, read="duckdb")
    for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        node.replace(exp.convert(parameters.get(node.name)))
    for table in tree.find_all(exp.Table):
        if table.db == "store":
            table.set("db", exp.to_identifier(databases.own, quoted=True))
    return tree.sql(dialect="clickhouse")
