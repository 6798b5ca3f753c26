-- Instances that ended at least one day of the step on a version, each counted once per step.
select
    cast(date_trunc($step, d.day) as date) as period,
    count(distinct d.instance) as instances
from store.instance_days d
where d.product = $product
  and d.origin = $origin
  and d.day between $first and $last
  and {chosen}
  and d.version = $version
  and (
      cast($country as varchar) is null
      or d.instance in (
          select v.instance
          from store.instances v
          where v.product = $product and v.origin = $origin and split_part(v.place, '/', 1) = $country
      )
  )
group by period
order by period
