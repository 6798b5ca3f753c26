-- The days of the period on which one instance sent something, with the version each ended on.
select d.day, d.version, cast(d.items as bigint) as items
from store.instance_days d
where d.product = $product and d.origin = $origin and d.day between $first and $last
  and d.instance in (select n.surrogate from store.identities n where n.id = $instance)
  and {chosen}
order by d.day
