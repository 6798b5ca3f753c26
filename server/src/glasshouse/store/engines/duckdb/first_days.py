"""The first day that each instance ended on each version: what releases and upgrades are told by.

It follows from the instance-days, of which there are thirty times as many. Of closed days it is
kept, with the version that the instance had come to before: a day that closes adds the versions
that are new to an instance, and an instance whose closed days change has its first days made anew.
The views add the days that still grow:

    store.days_on_versions    the first days among others that are later, for the least of all
    store.first_days          one row per instance and version
    store.moves               the same, with the version before and its first day, if there is one
"""

from duckdb import DuckDBPyConnection

from glasshouse.store.engines.duckdb.periods import DAY, MERGED, ROW, hot_rows, late_rows

ITS_ROW = "product, origin, instance, version, day"
MOVE = f"{ITS_ROW}, version_before, day_before"

TABLE = """
create table if not exists store.closed_first_days (
    product varchar not null, origin varchar not null, instance integer not null,
    version varchar not null, day date not null, version_before varchar, day_before date
);
"""

# The one before, of rows that have all first days of an instance: it ended a day on one version, so
# no two of them are the same day.
BEFORE = f"""
{ITS_ROW}, lag(version) over its_days as version_before, lag(day) over its_days as day_before
"""
ITS_DAYS = "window its_days as (partition by instance, origin order by day)"


def _added(days: str) -> str:
    """SQL: what instance-days `days`, later than all closed ones of their instances, add."""
    return f"""
        with new as (
            select d.product, d.origin, d.instance, d.version, min(d.day) as day
            from {days} d anti join store.closed_first_days using (instance, origin, version)
            where d.version is not null
            group by all
        ),
        last as (
            select instance, origin, arg_max(version, day) as version, max(day) as day
            from store.closed_first_days semi join new using (instance, origin)
            group by all
        )
        select n.product, n.origin, n.instance, n.version, n.day,
            coalesce(n.version_before, l.version) as version_before,
            coalesce(n.day_before, l.day) as day_before
        from (select {BEFORE} from new {ITS_DAYS}) n left join last l using (instance, origin)
    """


# What came late for a closed day changes what an instance ended that day on, so first days that
# are such days are looked for anew. All others stand: they are many, and are never grouped again.
_PARTS = f"""
with hot as not materialized ({hot_rows(DAY)}),
late as not materialized (
    {late_rows(DAY, "h.instance, h.origin, h.day")}
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
from kept k full join found f using (product, origin, instance, version);

create or replace view store.moves as
with hot as not materialized ({hot_rows(DAY)}),
unsettled as not materialized (
    {late_rows(DAY, "h.instance, h.origin")}
),
growing as not materialized (
    select {ITS_ROW} from ({MERGED} from hot group by all)
    anti join unsettled using (instance, origin)
)
select {MOVE} from store.closed_first_days c anti join unsettled using (instance, origin)
union all
select {MOVE} from ({_added("growing")})
union all
select {BEFORE} from store.first_days f semi join unsettled using (instance, origin) {ITS_DAYS}
"""


def add_closed(connection: DuckDBPyConnection, days: str) -> None:
    """Instance-days in a table `days`, later than all closed ones, are closed."""
    connection.execute(f"insert into store.closed_first_days ({MOVE}) {_added(days)}")


def derive_again(connection: DuckDBPyConnection, touched: str) -> None:
    """Closed days changed, of the instances in the columns `instance` and `origin` of a table."""
    connection.execute(f"""
        delete from store.closed_first_days f
        using (select distinct instance, origin from {touched}) t
        where f.instance = t.instance and f.origin = t.origin
    """)
    connection.execute(f"""
        insert into store.closed_first_days ({MOVE})
        select {BEFORE} from (
            select c.product, c.origin, c.instance, c.version, min(c.day) as day
            from {DAY.closed} c semi join {touched} using (instance, origin)
            where c.version is not null
            group by all
        ) {ITS_DAYS}
    """)


def derive_all(connection: DuckDBPyConnection) -> None:
    """For a file of a layout that did not have them, or not all of it."""
    connection.execute(f"drop table store.closed_first_days; {TABLE}")
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
