-- The files of repeat keys that are in force.
select name, keys, checksum, newest_day
from store.key_runs
order by name
