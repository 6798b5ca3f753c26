-- From which page to which visitors go within a visit. {views} has a row a view.
select v.route_before, v.route, count(*) as items, count(distinct v.instance) as visitors
from ({views}) v
where v.route_before is not null
group by v.route_before, v.route
order by items desc, v.route_before, v.route
