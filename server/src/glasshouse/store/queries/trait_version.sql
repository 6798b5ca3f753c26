-- The last version that each instance named in the period.
select d.instance as instance, arg_max(d.version, d.day) as value
from store.instance_days d
where d.product = $product and d.origin = $origin and d.day between $first and $last
group by d.instance
