-- For each page: views, visitors, and the visits that begin and end there. {views} has a row a view.
select
    v.route,
    count(*) as items,
    count(distinct v.instance) as visitors,
    cast(sum(v.begins) as bigint) as entries,
    cast(sum(v.ends) as bigint) as exits
from ({views}) v
group by v.route
order by items desc, v.route
