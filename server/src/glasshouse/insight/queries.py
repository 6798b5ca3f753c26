"""The texts of the queries, one file each in the store's package."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from glasshouse.insight.period import Step
from glasshouse.store import Store
from glasshouse.store.query_files import read_query

_PARAMETER = re.compile(r"\$([a-z_0-9]+)")


@cache
def query_text(name: str) -> str:
    """The text of `store/queries/NAME.sql` without its comments, which may speak of its braces."""
    text = read_query(name)
    return "".join(line for line in text.splitlines(True) if not line.lstrip().startswith("--"))


def periods_of(step: Step) -> str:
    """What has one row per active instance and period of this length."""
    return f"store.instance_{step.value}s"


def rows_of(
    store: Store, name: str, names: Mapping[str, str], parameters: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """The rows of a query: its names in braces filled in, given the parameters that it then has."""
    text = query_text(name).format(**names)
    wanted = set(_PARAMETER.findall(text))
    return store.rows(text, {n: v for n, v in parameters.items() if n in wanted}).rows
