-- Where the product's stored items come from, and how many instances of each there are.
select i.origin, count(*) as instances, cast(max(i.last_seen) as date) as last_day
from store.instances i
where i.product = $product
group by i.origin
order by i.origin
