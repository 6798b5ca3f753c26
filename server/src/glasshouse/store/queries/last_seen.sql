-- When the newest item of the product was made, by the clock that the collector corrected.
select max(v.last_seen) as last_seen
from store.instances v
where v.product = $product and v.origin = $origin
