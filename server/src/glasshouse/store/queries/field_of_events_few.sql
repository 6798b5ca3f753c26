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
        select t.instance, t.fields.{field} as element
        from {table} t
        where t.origin = $origin
          and t.at >= $first
          and t.at < $until
          and (cast($version as varchar) is null or t.version = $version)
          and (cast($country as varchar) is null or t.country = $country)
    ) e
    where e.element is not null
) c
group by c.value
order by items desc, c.value
limit $most
