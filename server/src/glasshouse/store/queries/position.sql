-- How far the journal has been loaded.
select segment, byte_offset
from store.position
