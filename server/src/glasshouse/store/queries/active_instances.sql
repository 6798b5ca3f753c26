-- Instances with at least one item, each counted once per day, ISO week or month (UTC).
-- Periods without any are not here: insight lays the rows over the whole calendar.
select
    cast(date_trunc($step, d.day) as date) as period,
    count(distinct d.instance) as instances
from store.instance_days d
where d.product = $product
  and d.origin = $origin
  and d.day between $first and $last
  and (cast($version as varchar) is null or d.version = $version)
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
