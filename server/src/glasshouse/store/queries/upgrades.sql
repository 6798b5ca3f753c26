-- From which version to which instances moved in the period, and how many days they had been on the
-- one before. The versions of an instance stand in the order of the first day that ended on each; a
-- version that it comes back to is no second move. Days before the period count for that order.
with moves as (
    select
        d.instance as instance,
        d.version as version,
        d.day as day,
        lag(d.version) over (partition by d.instance order by d.day) as version_before,
        lag(d.day) over (partition by d.instance order by d.day) as day_before
    from store.first_days d
    where d.product = $product and d.origin = $origin and d.day <= $last and {chosen}
)
select
    m.version_before,
    m.version,
    count(*) as instances,
    median(date_diff('day', m.day_before, m.day)) as days
from moves m
where m.version_before is not null and m.day >= $first
group by m.version_before, m.version
