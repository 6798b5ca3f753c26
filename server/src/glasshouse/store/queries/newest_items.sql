-- The items of one declaration that arrived last. The name in braces is filled from the manifest.
select s.received_at, s.at, s.door, s.version, s.country
from {table} s
where s.origin = $origin
order by s.received_at desc, s.at desc
limit $limit
