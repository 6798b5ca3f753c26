-- What was refused of one product and arrived last. Never holds a value.
select r.at, r.item, r.door, r.outcome, r.reason, r.field, r.items
from store.refusals r
where r.product = $product
order by r.at desc
limit $limit
