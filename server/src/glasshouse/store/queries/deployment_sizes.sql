-- By organization: its instances active in the period, how many of them carry a number, and the sum
-- of these. {sizes} has rows of instance and value.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
)
select
    m.organization,
    count(*) as instances,
    count(s.value) as carrying,
    sum(cast(s.value as double)) as size
from active a
join ({members}) m on m.instance = a.instance
left join ({sizes}) s on s.instance = a.instance
group by m.organization
