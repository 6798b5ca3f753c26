-- Where each instance was seen last. A place is COUNTRY/REGION; {part} is 1 or 2.
select d.instance as instance, nullif(split_part(d.place, '/', {part}), '') as value
from store.instances d
where d.product = $product and d.origin = $origin
