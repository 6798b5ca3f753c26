-- Every value of a field of an event that each instance sent in the period. The names in braces are
-- filled from the manifest.
select distinct u.instance as instance, cast({label} as varchar) as value
from (
    select s.instance as instance, unnest({values}) as element
    from (
        select t.instance as instance, t.fields.{field} as value
        from {table} t
        where t.origin = $origin and t.at >= $since and t.at < $until
    ) s
    where s.value is not null
) u
where u.element is not null
