-- How many items had which outcome, since the beginning, per door and reason.
select a.door, a.outcome, a.reason, sum(a.items) as items
from store.accounting a
where a.product = $product
group by a.door, a.outcome, a.reason
order by a.door, a.outcome, a.reason
