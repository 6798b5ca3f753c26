-- The values of one field over all events of the period: how many events carry each, from how many
-- instances. For fields that hold several values at once; `field_of_events_single` has the others.
-- The names in braces are filled from the manifest.
with chosen as (
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
    null as active,
    count(*) over () as different
from elements
group by value
order by items desc, value
limit $most
