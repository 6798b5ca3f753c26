-- The newest value of one field of a snapshot, as of the end of the period, of every instance that
-- was active in the period. The names in braces are filled from the manifest.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
),
newest as (
    select
        s.instance as instance,
        arg_max(s.fields.{field}, store.order_of(s.at, s.received_at)) as value,
        arg_max(s.version, store.order_of(s.at, s.received_at)) as version,
        arg_max(s.country, store.order_of(s.at, s.received_at)) as country
    from {table} s
    where s.origin = $origin
      and s.at < $until
      and s.instance in (select instance from active)
    group by s.instance
),
chosen as (
    select instance, value
    from newest
    where {filters} and value is not null
),
elements as (
    select distinct instance, {label} as value
    from (select instance, unnest({values}) as element from chosen)
    where element is not null
)
select
    value,
    count(*) as instances,
    count(*) as items,
    (select count(*) from chosen) as reporting,
    (select count(*) from active) as active,
    count(*) over () as different
from elements
group by value
order by instances desc, value
limit $most
