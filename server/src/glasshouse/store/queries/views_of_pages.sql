-- The page views of the period, each with the one that the same visitor made before it and the one
-- after it, if that is within the same visit. The names in braces are filled from the manifest.
with pages as (
    select
        d.instance as instance,
        d.at as moment,
        d.received_at as received_at,
        coalesce(cast(d.fields.{route} as varchar), '') as route
    from {table} d
    where d.origin = $origin and d.at >= $since and d.at < $until
      and {chosen}
),
ordered as (
    select
        p.instance as instance,
        p.moment as moment,
        p.route as route,
        lag(p.moment) over visitor as moment_before,
        lag(p.route) over visitor as route_before,
        lead(p.moment) over visitor as moment_after
    from pages p
    window visitor as (partition by p.instance order by p.moment, p.received_at, p.route)
)
select
    o.instance as instance,
    o.route as route,
    case when o.moment <= o.moment_before + interval {pause} minute
        then o.route_before end as route_before,
    case when o.moment_before is null or o.moment > o.moment_before + interval {pause} minute
        then 1 else 0 end as begins,
    case when o.moment_after is null or o.moment_after > o.moment + interval {pause} minute
        then 1 else 0 end as ends
from ordered o
