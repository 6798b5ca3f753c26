-- The value of a field of an event that holds one at most, as a use of it: five times as fast as
-- `uses_of_values`. The names in braces are filled from the manifest.
select u.instance as instance, cast({label} as varchar) as feature, u.day as day
from (
    select t.instance as instance, cast(t.at as date) as day, t.fields.{field} as element
    from {table} t
    where t.origin = $origin and t.at >= $since and t.at < $until
) u
where u.element is not null
