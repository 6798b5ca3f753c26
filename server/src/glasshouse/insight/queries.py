"""The texts of the queries, one file each in the store's package."""

from functools import cache
from importlib.resources import files


@cache
def query_text(name: str) -> str:
    """The text of `store/queries/NAME.sql`."""
    return (files("glasshouse.store") / "queries" / f"{name}.sql").read_text()
