-- Every active instance of a day, ISO week or month once, under the last version it named in it.
-- {periods} has one row per instance and period.
select d.day as period, d.version as version, count(*) as instances
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
group by period, version
order by period, version
