-- The organization of each instance, by its id.
select m.instance as instance, n.id as value
from ({members}) m
join store.identities n on n.surrogate = m.organization
