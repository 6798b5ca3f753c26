-- The values of a field that has few different ones, as its declaration says: in one pass. The names
-- in braces are filled from the manifest. See `field_of_events_single` for the others.
select
    c.value,
    {instances} as instances,
    count(*) as items,
    cast(sum(count(*)) over () as bigint) as reporting,
    null as active,
    count(*) over () as different
from (
    select e.instance as instance, {label} as value
    from (
        select d.instance, d.fields.{field} as element
        from {table} d
        where d.origin = $origin
          and d.at >= $first
          and d.at < $until
          and {chosen}
          and (cast($version as varchar) is null or d.version = $version)
          and (cast($country as varchar) is null or d.country = $country)
    ) e
    where e.element is not null
) c
group by c.value
order by items desc, c.value
limit $most
