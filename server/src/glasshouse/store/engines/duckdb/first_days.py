"""The first day that each instance ended on each version: what releases and upgrades are told by.

It follows from the instance-days, of which there are thirty times as many. Of closed days it is
kept: a day that closes adds the versions that are new to an instance, and an instance whose closed
days change has its first days made anew. The view store.first_days adds the days that still grow;
store.days_on_versions is cheaper, and has them among others that are later.
"""

from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.periods import DAY, MERGED, ROW, hot_rows

ITS_ROW = "product, origin, instance, version, day"

TABLE = """
create table if not exists store.closed_first_days (
    product varchar not null, origin varchar not null, instance integer not null,
    version varchar not null, day date not null
);
"""

# What came late for a closed day changes what an instance ended that day on, so first days that
# are such days are looked for anew. All others stand: they are many, and are never grouped again.
_PARTS = f"""
with hot as not materialized ({hot_rows(DAY)}),
late as not materialized (
    select distinct h.instance, h.origin, h.day
    from hot h join store.closed_until u
    on u.step = 'day' and u.product = h.product and u.origin = h.origin and h.day <= u.day
),
kept as not materialized (
    select {ITS_ROW} from store.closed_first_days c anti join late using (instance, origin, day)
),
in_doubt as not materialized (
    select {ITS_ROW} from store.closed_first_days c semi join late using (instance, origin, day)
),
others as not materialized (
    select {ITS_ROW} from (
        {MERGED} from (
            select {ROW} from hot
            union all
            select {ROW} from {DAY.closed} c semi join late using (instance, origin, day)
        ) group by all
    ) where version is not null
    union all
    select {ITS_ROW} from {DAY.closed} c
    semi join in_doubt using (instance, origin, version)
    anti join late using (instance, origin, day)
)
"""
VIEWS = f"""
create or replace view store.days_on_versions as {_PARTS}
select {ITS_ROW} from kept union all select {ITS_ROW} from others;

create or replace view store.first_days as {_PARTS},
found as not materialized (
    select product, origin, instance, version, min(day) as day
    from others group by product, origin, instance, version
)
select product, origin, instance, version, least(k.day, f.day) as day
from kept k full join found f using (product, origin, instance, version)
"""


def add_closed(connection: DuckDBPyConnection, days: str) -> None:
    """Instance-days in a table `days`, later than all closed ones, are closed."""
    connection.execute(f"""
        insert into store.closed_first_days ({ITS_ROW})
        select d.product, d.origin, d.instance, d.version, min(d.day)
        from {days} d anti join store.closed_first_days using (instance, origin, version)
        where d.version is not null
        group by all
    """)


def derive_again(connection: DuckDBPyConnection, touched: str) -> None:
    """Closed days changed, of the instances in the columns `instance` and `origin` of a table."""
    connection.execute(f"""
        delete from store.closed_first_days f
        using (select distinct instance, origin from {touched}) t
        where f.instance = t.instance and f.origin = t.origin
    """)
    connection.execute(f"""
        insert into store.closed_first_days ({ITS_ROW})
        select c.product, c.origin, c.instance, c.version, min(c.day)
        from {DAY.closed} c semi join {touched} using (instance, origin)
        where c.version is not null
        group by all
    """)


def derive_all(connection: DuckDBPyConnection) -> None:
    """For a file of a layout that did not have them."""
    connection.execute("delete from store.closed_first_days")
    add_closed(connection, DAY.closed)


def forget_before(connection: DuckDBPyConnection, product: str, before: object) -> None:
    """The closed days of a product before a time are gone."""
    connection.execute(
        "create or replace temp table outdated as select distinct instance, origin "
        "from store.closed_first_days where product = ? and day < ?::date",
        (product, before),
    )
    derive_again(connection, "temp.outdated")
    connection.execute("drop table temp.outdated")
