-- What became of every received item, by product and door, since the beginning, and the journal
-- position up to which that holds: one row without a product where nothing was received yet.
select p.segment, p.byte_offset, a.product, a.door, a.outcome, a.reason, a.items
from store.position p
left join store.accounting a on true
order by a.product, a.door, a.outcome, a.reason
