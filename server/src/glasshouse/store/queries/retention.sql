-- Instances by the step in which they were first seen, and by the step in which they were active.
-- {periods} has one row per instance and step.
with cohorts as (
    select d.instance as instance, cast(date_trunc('{step}', d.first_seen) as date) as cohort
    from store.instances d
    where d.product = $product and d.origin = $origin and d.first_seen >= $since
      and d.first_seen < $until
      and {chosen}
)
select c.cohort, p.day as period, count(*) as instances
from cohorts c
join {periods} p on p.instance = c.instance
where p.product = $product and p.origin = $origin and p.day between $first and $last
group by c.cohort, p.day
order by c.cohort, p.day
