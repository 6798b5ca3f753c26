-- Instances of each step: all of them, those that are active in the step after it too, and those that
-- were never seen before. Steps are counted from the one that begins at $start; {count} of them. The
-- steps of an instance are bits of one number: twice as fast as joining each step with the next, but
-- no more than 120 steps fit, so a longer period is asked about in parts, from $start to $end.
-- {periods} has one row per instance and step.
with marked as (
    select
        d.instance as instance,
        bit_or(cast(1 as hugeint) << cast(date_diff('{step}', $start, d.day) as integer)) as steps
    from {periods} d
    where d.product = $product and d.origin = $origin and d.day between $start and $end
      and {chosen}
    group by d.instance
),
places as (
    select unnest(range({count})) as place
),
counted as (
    select
        p.place as place,
        count(case when (m.steps >> p.place) & 1 = 1 then 1 end) as instances,
        count(case when (m.steps >> p.place) & 3 = 3 then 1 end) as staying
    from marked m
    cross join places p
    group by p.place
),
fresh as (
    select
        date_diff('{step}', $start, cast(date_trunc('{step}', d.first_seen) as date)) as step,
        count(*) as instances
    from store.instances d
    where d.product = $product and d.origin = $origin and d.first_seen >= $start
      and d.first_seen < $end + interval 1 day
      and {chosen}
    group by step
)
select c.place, c.instances, c.staying, coalesce(f.instances, 0) as fresh
from counted c
left join fresh f on f.step = c.place
order by c.place
