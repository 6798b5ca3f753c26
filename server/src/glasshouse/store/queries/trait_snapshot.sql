-- The newest value of a field of a snapshot of each instance, as of the end of the period; several
-- rows where it holds several. The names in braces are filled from the manifest.
select distinct u.instance as instance, cast({label} as varchar) as value
from (
    select s.instance as instance, unnest({values}) as element
    from (
        select
            t.instance as instance,
            arg_max(t.fields.{field}, store.order_of(t.at, t.received_at)) as value
        from {table} t
        where t.origin = $origin and t.at < $until
        group by t.instance
    ) s
    where s.value is not null
) u
where u.element is not null
