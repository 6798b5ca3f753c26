-- Instances with at least one item, each counted once per day, ISO week or month (UTC).
-- Periods without any are not here: insight lays the rows over the whole calendar. {periods} has one
-- row per instance and period.
select d.day as period, count(*) as instances
from {periods} d
where d.product = $product
  and d.origin = $origin
  and d.day between $first and $last
  and {chosen}
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
