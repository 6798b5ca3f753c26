-- How far instances come on a way of several steps. {chain} has a relation for each step, {counts} a
-- row.
with {chain}
{counts}
order by number
