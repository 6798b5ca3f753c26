-- The organizations whose instances ran an affected version last in the days looked at: how many of
-- how many, on how many different affected versions, and the last day any of them was seen. Those of
-- no known organization are together. {affected} lists the versions.
with active as (
    select d.instance as instance, arg_max(d.version, d.day) as version, max(d.day) as day
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
    group by d.instance
)
select
    n.id as organization,
    count(case when a.version in ({affected}) then 1 end) as affected,
    count(*) as instances,
    count(distinct case when a.version in ({affected}) then a.version end) as versions,
    max(case when a.version in ({affected}) then a.day end) as last_day
from active a
left join ({members}) m on m.instance = a.instance
left join store.identities n on n.surrogate = m.organization
group by n.id
having count(case when a.version in ({affected}) then 1 end) > 0
order by affected desc, organization
