"""The texts of the queries, one file each in the store's package."""

from functools import cache
from importlib.resources import files

from glasshouse.insight.period import Step


@cache
def query_text(name: str) -> str:
    """The text of `store/queries/NAME.sql`."""
    return (files("glasshouse.store") / "queries" / f"{name}.sql").read_text()


def periods_of(step: Step) -> str:
    """What has one row per active instance and period of this length."""
    return f"store.instance_{step.value}s"
