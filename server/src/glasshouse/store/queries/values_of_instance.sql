-- What one instance said in a snapshot until the end of the period, the newest first.
select d.at, cast(to_json(d.fields) as varchar) as fields
from {table} d
where d.origin = $origin and d.at < $until
  and d.instance in (select n.surrogate from store.identities n where n.id = $instance)
  and {chosen}
order by store.order_of(d.at, d.received_at) desc
limit {most}
