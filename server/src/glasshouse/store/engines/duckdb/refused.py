"""What was refused, added up by day and by the version that sent it. Names and counts alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from duckdb import DuckDBPyConnection

from glasshouse.store.port import RefusedItems

MOST_VERSIONS = 200
"""Told apart of a product and a day: whoever makes up versions fills no disk."""

Key = tuple[str, date, str | None, str, str]  # product, day, version, outcome, reason


def count_refused(connection: DuckDBPyConnection, refused: Sequence[RefusedItems]) -> None:
    """Add to what is counted already. Part of the transaction of a batch."""
    if not refused:
        return
    since = min(each.day for each in refused)
    found = connection.execute(
        "select product, day, version, outcome, reason from store.refused_days where day >= ?",
        (since,),
    ).fetchall()
    known: set[Key] = {(row[0], row[1], row[2], row[3], row[4]) for row in found}
    sums: Counter[Key] = Counter()
    told: dict[tuple[str, date], set[str | None]] = {}
    for product, day, version, _, _ in known:
        told.setdefault((product, day), set()).add(version)
    for each in refused:
        versions = told.setdefault((each.product, each.day), set())
        is_told = each.version in versions or len(versions) < MOST_VERSIONS
        version = each.version if is_told else None
        versions.add(version)
        sums[each.product, each.day, version, each.outcome, each.reason] += each.items
    for key, items in sums.items():
        connection.execute(ADD if key in known else INSERT, (items, *key))


ADD = """
update store.refused_days set items = items + ?
where product = ? and day = ? and version is not distinct from ? and outcome = ? and reason = ?
"""
INSERT = """
insert into store.refused_days (items, product, day, version, outcome, reason)
values (?, ?, ?, ?, ?, ?)
"""
