"""Which instance has named which organization, and since when.

Almost every instance names one organization ever, so a row for each pair tells whose an instance is
without a look at its items. Of those that named several, items tell which one was named last:
`queries/members.sql`.

Pairs come with the arrivals and are folded with them; the view store.memberships has both.
"""

from collections.abc import Iterable

from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.quoting import identifier, literal
from glasshouse.store.engines.duckdb.tables import ItemTable
from glasshouse.store.port import ORGANIZATIONS

PAIR = "product, kind, origin, instance, identity"

TABLE = """
create table if not exists store.folded_memberships (
    product varchar not null, kind varchar not null, origin varchar not null,
    instance integer not null, identity integer not null, first_at timestamp not null
);
""" + "".join(
    f"alter table store.arrivals add column if not exists {kind} integer;\n"
    for kind in ORGANIZATIONS
)

_ARRIVED = " union all ".join(
    f"select product, '{kind}' as kind, origin, instance, {kind} as identity, "
    f'"at" as first_at from store.arrivals where {kind} is not null'
    for kind in ORGANIZATIONS
)

VIEW = f"""
create or replace view store.memberships as
select {PAIR}, min(first_at) as first_at
from (select {PAIR}, first_at from store.folded_memberships union all {_ARRIVED})
group by {PAIR}
"""


def kinds_of(table: ItemTable) -> tuple[str, ...]:
    """The identities of an item that answer for an instance."""
    return tuple(kind for kind in ORGANIZATIONS if kind in table.identities)


def fold(connection: DuckDBPyConnection) -> None:
    """Take the pairs of the arrivals: new ones are added, known ones get their earliest time."""
    connection.execute(f"""
        create or replace temp table pairs as
        select {PAIR}, min(first_at) as first_at from ({_ARRIVED}) group by {PAIR}
    """)
    connection.execute("""
        update store.folded_memberships m set first_at = p.first_at from temp.pairs p
        where p.origin = m.origin and p.instance = m.instance and p.identity = m.identity
          and p.first_at < m.first_at
    """)
    connection.execute(f"""
        insert into store.folded_memberships ({PAIR}, first_at)
        select {PAIR}, first_at from temp.pairs
        anti join store.folded_memberships using (origin, instance, identity)
    """)
    connection.execute("drop table temp.pairs")


def derive_all(connection: DuckDBPyConnection, tables: Iterable[ItemTable]) -> None:
    """For a file of a layout that did not have them."""
    connection.execute("delete from store.folded_memberships")
    for table in tables:
        for kind in kinds_of(table):
            column = identifier(kind)
            connection.execute(f"""
                insert into store.folded_memberships ({PAIR}, first_at)
                select {literal(table.product)}, {literal(kind)}, origin, instance, {column},
                       min("at") from {table.name} where {column} is not null group by all
            """)


def forget_gone(connection: DuckDBPyConnection, product: str) -> None:
    """Of instances that the store knows nothing else of any more."""
    connection.execute(
        "delete from store.folded_memberships where product = $product and instance not in "
        "(select instance from store.instances where product = $product)",
        {"product": product},
    )
