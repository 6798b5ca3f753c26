-- The organization of each instance: the one that its newest item of the period names that names
-- any. {rows} are those of every item that may.
select m.instance as instance, arg_max(m.organization, m.moment) as organization
from ({rows}) m
group by m.instance
