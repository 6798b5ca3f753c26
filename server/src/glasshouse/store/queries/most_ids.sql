-- The greatest number that stands for an id.
select coalesce(max(n.surrogate), 0) as surrogate
from store.identities n
