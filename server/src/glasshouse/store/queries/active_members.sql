-- How many instances were active in the period, and how many organizations they belong to.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
)
select count(*) as instances, count(distinct m.organization) as organizations
from active a
left join ({members}) m on m.instance = a.instance
