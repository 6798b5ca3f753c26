-- What one item says about organizations in the period.
select
    t.instance as instance,
    t.{identity} as organization,
    store.order_of(t.at, t.received_at) as moment
from {table} t
where t.origin = $origin and t.at >= $since and t.at < $until and t.{identity} is not null
