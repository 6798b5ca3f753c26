-- From which version to which instances moved in the period, and how many days they had been on the
-- one before. The versions of an instance stand in the order of the first day that ended on each; a
-- version that it comes back to is no second move. Days before the period count for that order.
with first_on as (
    select d.instance as instance, d.version as version, min(d.day) as day
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day <= $last and d.version is not null
      and {chosen}
    group by d.instance, d.version
),
moves as (
    select
        f.instance as instance,
        f.version as version,
        f.day as day,
        lag(f.version) over (partition by f.instance order by f.day) as version_before,
        lag(f.day) over (partition by f.instance order by f.day) as day_before
    from first_on f
)
select
    m.version_before,
    m.version,
    count(*) as instances,
    median(date_diff('day', m.day_before, m.day)) as days
from moves m
where m.version_before is not null and m.day >= $first
group by m.version_before, m.version
