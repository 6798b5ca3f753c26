-- Each event of one declaration as a use of it. The names in braces are filled from the manifest.
select t.instance as instance, '{feature}' as feature, cast(t.at as date) as day
from {table} t
where t.origin = $origin and t.at >= $since and t.at < $until
