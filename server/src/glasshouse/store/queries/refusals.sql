-- What was refused lately, newest first: names and counts, never a value.
select r.product, r.door, r.item, r.field, r.outcome, r.reason, r."at", r.items
from store.refusals r
where $product is null or r.product = $product
order by r.seq desc
limit $limit
