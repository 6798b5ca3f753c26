-- Where the product's stored items come from, and how many days of instances of each there are.
select d.origin, count(distinct d.instance) as instances, max(d.day) as last_day
from store.instance_days d
where d.product = $product
group by d.origin
order by d.origin
