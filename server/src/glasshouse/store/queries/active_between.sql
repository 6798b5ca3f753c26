-- Distinct instances with at least one item between two days, both included.
select count(distinct d.instance) as instances
from store.active_days d
where d.product = $product and d.origin = $origin and d.day between $first and $last
