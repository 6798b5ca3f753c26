"""The texts of the queries, one file each in the store's package."""

import re
from functools import cache
from pathlib import Path

from glasshouse.store.port import QueryError

QUERIES = Path(__file__).parent / "queries"
QUERY_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def query_text(query: str) -> str:
    """The text of a query: that of the file of this name, or itself."""
    return read_query(query) if QUERY_NAME.match(query) else query


@cache
def read_query(name: str) -> str:
    """The text of the file of this name. Raises `QueryError` if there is none."""
    path = QUERIES / f"{name}.sql"
    if not path.is_file():
        raise QueryError(f"found no query {name}.sql, expected one of store/queries/")
    return path.read_text()
