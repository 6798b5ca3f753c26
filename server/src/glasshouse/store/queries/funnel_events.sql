-- When instances did one step in the period. The names in braces are filled from the manifest.
select t.instance as instance, t.at as at
from {table} t
where t.origin = $origin and t.at >= $since and t.at < $until and {test}
