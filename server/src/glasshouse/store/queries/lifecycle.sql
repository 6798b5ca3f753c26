-- Instances of each step: all of them, those that were active in the step before too, and those that
-- were never seen before. {periods} has one row per instance and step.
with active as (
    select d.day as period, d.instance as instance
    from {periods} d
    where d.product = $product and d.origin = $origin and d.day between $before and $last
      and {chosen}
),
steps as (
    select a.period as period, count(*) as instances, count(b.instance) as retained
    from active a
    left join active b
           on b.instance = a.instance and b.period = cast(a.period - interval 1 {step} as date)
    group by a.period
),
fresh as (
    select cast(date_trunc('{step}', d.first_seen) as date) as period, count(*) as instances
    from store.instances d
    where d.product = $product and d.origin = $origin and d.first_seen >= $since
      and d.first_seen < $until
      and {chosen}
    group by period
)
select s.period, s.instances, s.retained, coalesce(f.instances, 0) as fresh
from steps s
left join fresh f on f.period = s.period
order by s.period
