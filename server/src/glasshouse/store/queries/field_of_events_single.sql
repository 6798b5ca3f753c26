-- The values of one field over all events of the period: how many events carry each, from how many
-- instances. The names in braces are filled from the manifest.
-- Instances are counted as bits, one for each id of the store: ten times as fast as a set of them.
-- Only for the values that are listed, so that a field of a million values takes no more memory.
with chosen as (
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
),
counted as (
    select value, count(*) as items from chosen group by value
),
listed as materialized (
    select
        value,
        items,
        cast(sum(items) over () as bigint) as reporting,
        count(*) over () as different
    from counted
    order by items desc, value
    limit $most
)
select
    l.value,
    i.instances,
    l.items,
    l.reporting,
    null as active,
    l.different
from listed l
join (
    select c.value, {instances} as instances
    from chosen c
    where c.value in (select value from listed)
    group by c.value
) i on i.value = l.value
order by l.items desc, l.value
