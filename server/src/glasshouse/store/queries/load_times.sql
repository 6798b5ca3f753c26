-- How long pages take to load. The names in braces are filled from the manifest.
select
    coalesce(cast(d.fields.{route} as varchar), '') as page,
    count(*) as items,
    count(distinct d.instance) as visitors,
    quantile_cont(cast(d.fields.{load_time} as double), 0.5) as middle,
    quantile_cont(cast(d.fields.{load_time} as double), 0.75) as slow,
    quantile_cont(cast(d.fields.{load_time} as double), 0.95) as slowest
from {table} d
where d.origin = $origin and d.at >= $since and d.at < $until
  and d.fields.{load_time} is not null
  and {chosen}
group by page
order by items desc, page
