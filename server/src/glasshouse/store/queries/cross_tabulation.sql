-- The instances active in the period by two of their traits. {one} and {other} have rows of instance
-- and value.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
)
select x.value as one, y.value as other, count(*) as instances
from active a
join ({one}) x on x.instance = a.instance
join ({other}) y on y.instance = a.instance
where x.value is not null and y.value is not null
group by x.value, y.value
