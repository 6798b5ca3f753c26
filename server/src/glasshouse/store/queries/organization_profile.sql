-- For each organization: its instances active in the period by the last version each named in it, and
-- on how many days these were active, added up.
with active as (
    select d.instance as instance, arg_max(d.version, d.day) as version, count(*) as days
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
    group by d.instance
)
select n.id as organization, a.version, count(*) as instances, cast(sum(a.days) as bigint) as days
from active a
join ({members}) m on m.instance = a.instance
join store.identities n on n.surrogate = m.organization
group by n.id, a.version
