-- The values of one field over all events of the period: how many events carry each, from how many
-- instances. For fields that hold several values at once; `field_of_events_single` has the others.
-- The names in braces are filled from the manifest.
with chosen as (
    select row_number() over () as item, d.instance as instance, d.fields.{field} as value
    from {table} d
    where d.origin = $origin
      and d.at >= $first
      and d.at < $until
      and {chosen}
      and (cast($version as varchar) is null or d.version = $version)
      and (cast($country as varchar) is null or d.country = $country)
      and d.fields.{field} is not null
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
    null as active,
    count(*) over () as different
from elements
group by value
order by items desc, value
limit $most
