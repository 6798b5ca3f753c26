-- What one item says about organizations, of instances that named several.
select
    t.instance as instance,
    t.{identity} as organization,
    store.order_of(t.at, t.received_at) as moment
from {table} t
where t.origin = $origin and t.at < $until and t.{identity} is not null
  and t.instance in (select v.instance from moved v)
