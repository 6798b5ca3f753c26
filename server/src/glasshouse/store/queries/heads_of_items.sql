-- What the head of every item of one declaration says in the period.
select
    t.instance as instance,
    cast(t.at as date) as day,
    t.country as country,
    t.doubtful_time as doubtful_time
from {table} t
where t.origin = $origin and t.at >= $since and t.at < $until
