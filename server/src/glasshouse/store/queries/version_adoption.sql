-- Every active instance of a day, ISO week or month once, under the last version it named in it.
with last_version as (
    select
        cast(date_trunc($step, d.day) as date) as period,
        d.instance as instance,
        arg_max(d.version, d.day) as version
    from store.instance_days d
    where d.product = $product
      and d.origin = $origin
      and d.day between $first and $last
      and (
          cast($country as varchar) is null
          or d.instance in (
              select v.instance
              from store.instances v
              where v.product = $product and v.origin = $origin and split_part(v.place, '/', 1) = $country
          )
      )
    group by period, d.instance
)
select period, version, count(*) as instances
from last_version
group by period, version
order by period, version
