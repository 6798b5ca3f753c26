-- Repeat keys that are in no file yet.
select keys, day
from store.fresh_keys
