"""What became of every item: what records say of themselves, and rows that are there.

A record says how many items it brought and what was refused of them, once however often it is
loaded. What is stored is counted: the rows that are there, and those that were removed since. The
rest of what was accepted came twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from glasshouse.model import Outcome, Position
from glasshouse.store.engines.clickhouse.databases import Databases
from glasshouse.store.engines.clickhouse.link import Link
from glasshouse.store.engines.clickhouse.quoting import literal
from glasshouse.store.engines.clickhouse.tables import ItemTable
from glasshouse.store.port import Tally

RECEIVED = "received"
Door = tuple[str, str]  # product, door


def read_positions(link: Link, databases: Databases) -> Mapping[int, Position]:
    """How far each partition of the journal is loaded."""
    found = link.ask(
        "select partition, max(segment) as newest, argMax(byte_offset, segment) as reached "
        f"from {databases.own_table('positions')} group by partition"
    )
    return {partition: Position(segment, offset) for partition, segment, offset in found.rows}


def read_tallies(
    link: Link,
    databases: Databases,
    tables: Iterable[ItemTable],
    positions: Mapping[int, Position],
) -> list[Tally]:
    """All tallies of records that lie before these positions."""
    told = _told(link, databases, positions)
    there = _there(link, databases, tables)
    room: Counter[Door] = Counter()
    for (product, door, outcome, _), items in told.items():
        room[product, door] += items if outcome == RECEIVED else -items
    tallies = [Tally(*key, items) for key, items in told.items()]
    for (product, door), items in room.items():
        # What is inserted already of records behind the positions is not stored yet, but waits.
        stored = min(there[product, door], items)
        for outcome, count in ((Outcome.STORED, stored), (Outcome.DUPLICATE, items - stored)):
            if count:
                tallies.append(Tally(product, door, outcome.value, "", count))
    return sorted(tallies, key=lambda t: (t.product, t.door, t.outcome, t.reason))


def _told(
    link: Link, databases: Databases, positions: Mapping[int, Position]
) -> Counter[tuple[str, str, str, str]]:
    before = " or ".join(
        f"(partition = {partition} and (segment < {position.segment} or "
        f"(segment = {position.segment} and byte_offset <= {position.offset})))"
        for partition, position in positions.items()
    )
    if not before:
        return Counter()
    found = link.ask(
        "select product, door, outcome, reason, sum(items) as items "
        f"from {databases.own_table('accounting_rows')} where {before} "
        "group by product, door, outcome, reason"
    )
    return Counter({tuple(row[:4]): int(row[4]) for row in found.rows})


def _there(link: Link, databases: Databases, tables: Iterable[ItemTable]) -> Counter[Door]:
    counts: Counter[Door] = Counter()
    parts = [
        f"select {literal(table.product)} as product, door, toInt64(count()) as items "
        f"from {databases.table(table.product, table.item)} group by door"
        for table in tables
    ]
    parts.append(
        f"select product, door, sum(items) as items from {databases.own_table('removed')} "
        "group by product, door"
    )
    for product, door, items in link.ask(" union all ".join(parts)).rows:
        counts[product, door] += int(items)
    return counts
