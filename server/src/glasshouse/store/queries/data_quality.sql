-- For each version: how steadily its instances report, and what looks wrong with what they send. An
-- instance belongs to the last version that it named in the period. {items} has a row an item.
with days as (
    select d.instance as instance, d.day as day, d.version as version
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
),
stretches as (
    select
        y.instance as instance,
        y.day as day,
        y.version as version,
        date_diff('day', lag(y.day) over (partition by y.instance order by y.day), y.day) as pause
    from days y
),
reporting as (
    select
        s.instance as instance,
        arg_max(s.version, s.day) as version,
        count(*) as days,
        date_diff('day', min(s.day), max(s.day)) + 1 as span,
        max(coalesce(s.pause, 0)) as pause
    from stretches s
    group by s.instance
),
by_day as (
    select
        i.instance as instance,
        count(*) as items,
        sum(case when i.doubtful_time then 1 else 0 end) as doubtful,
        count(distinct i.country) as countries
    from ({items}) i
    group by i.instance, i.day
),
sent as (
    select
        b.instance as instance,
        cast(sum(b.items) as bigint) as items,
        cast(sum(b.doubtful) as bigint) as doubtful,
        max(b.countries) as countries
    from by_day b
    group by b.instance
)
select
    r.version,
    count(*) as instances,
    cast(sum(r.days) as bigint) as days,
    cast(sum(r.span) as bigint) as span,
    count(case when r.pause > {pause} then 1 end) as with_gaps,
    count(case when s.countries > 1 then 1 end) as in_two_places,
    count(case when s.doubtful > 0 then 1 end) as with_bad_clocks,
    cast(sum(coalesce(s.items, 0)) as bigint) as items,
    cast(sum(coalesce(s.doubtful, 0)) as bigint) as doubtful
from reporting r
left join sent s on s.instance = r.instance
group by r.version
