-- Every version that an instance ended a day on, with the first such day: the nearest to a day of
-- release that the fleet itself knows.
select d.version as version, min(d.day) as first_day
from store.days_on_versions d
where d.product = $product and d.origin = $origin and d.day <= $last
group by d.version
