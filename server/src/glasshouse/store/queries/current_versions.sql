-- The instances that were active between two days, under the last version each named in them.
with last_version as (
    select d.instance as instance, arg_max(d.version, d.day) as version
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
    group by d.instance
)
select version, count(*) as instances
from last_version
group by version
