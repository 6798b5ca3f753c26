-- The instances active in the period by the last version each named in it, and by organization.
with active as (
    select d.instance as instance, arg_max(d.version, d.day) as version
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
    group by d.instance
)
select a.version, m.organization, count(*) as instances
from active a
left join ({members}) m on m.instance = a.instance
group by a.version, m.organization
