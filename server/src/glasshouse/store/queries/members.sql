-- The organization of each instance: the one that its newest item before the period's end names that
-- names any. Who named a single one until then is known by it; of all others the items are asked,
-- {rows}, and where these are not kept any more, when each pair was first heard of.
with kept as (
    select p.instance as instance, p.identity as organization, p.first_at as first_at
    from store.memberships p
    where p.product = $product and p.origin = $origin and p.kind = '{kind}' and p.first_at < $until
),
moved as (
    select k.instance as instance from kept k group by k.instance having count(*) > 1
)
select k.instance as instance, k.organization as organization
from kept k
where k.instance not in (select v.instance from moved v)
union all
select m.instance as instance, arg_max(m.organization, m.moment) as organization
from (
    select
        k.instance as instance,
        k.organization as organization,
        store.order_of(k.first_at, timestamp '1970-01-01 00:00:00') as moment
    from kept k
    where k.instance in (select v.instance from moved v)
    {rows}
) m
group by m.instance
