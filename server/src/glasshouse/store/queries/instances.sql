-- The instances active in the period, heard of last first: the last version each named in it, its
-- organization ({members}), where it was seen last, on how many days it was active, what it sent.
with active as (
    select
        d.instance as instance,
        arg_max(d.version, d.day) as version,
        count(*) as days,
        max(d.day) as last_day,
        cast(sum(d.items) as bigint) as items,
        count(*) over () as whole
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
    group by d.instance
),
newest as (
    select * from active a order by a.last_day desc, a.items desc, a.instance limit {most}
),
places as (
    select i.instance as instance, i.place as place
    from store.instances i
    where i.product = $product and i.origin = $origin
      and i.instance in (select instance from newest)
)
select
    n.id as instance,
    a.version,
    nullif(split_part(p.place, '/', 1), '') as country,
    o.id as organization,
    a.days,
    a.last_day,
    a.items,
    a.whole
from newest a
join store.identities n on n.surrogate = a.instance
left join places p on p.instance = a.instance
left join ({members}) m on m.instance = a.instance
left join store.identities o on o.surrogate = m.organization
order by a.last_day desc, a.items desc, n.id
