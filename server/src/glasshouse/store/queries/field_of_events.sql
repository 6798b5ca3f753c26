-- The values of one field over all events of the period: how many events carry each, from how many
-- instances. The names in braces are filled from the manifest.
with active as (
    select distinct d.instance as instance
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
),
chosen as (
    select row_number() over () as item, e.instance as instance, e.fields.{field} as value
    from {table} e
    where e.origin = $origin
      and e.at >= $first
      and e.at < $until
      and (cast($version as varchar) is null or e.version = $version)
      and (cast($country as varchar) is null or e.country = $country)
      and e.fields.{field} is not null
),
elements as (
    select distinct item, instance, {label} as value
    from (select item, instance, unnest({values}) as element from chosen)
    where element is not null
)
select
    value,
    count(distinct instance) as instances,
    count(*) as items,
    (select count(*) from chosen) as reporting,
    (select count(*) from active) as active
from elements
group by value
order by items desc, value
