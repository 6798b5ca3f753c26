-- Each value of a field of an event as a use of it. The names in braces are filled from the manifest.
select u.instance as instance, cast({label} as varchar) as feature, u.day as day
from (
    select s.instance as instance, s.day as day, unnest({values}) as element
    from (
        select t.instance as instance, cast(t.at as date) as day, t.fields.{field} as value
        from {table} t
        where t.origin = $origin and t.at >= $since and t.at < $until
    ) s
    where s.value is not null
) u
where u.element is not null
