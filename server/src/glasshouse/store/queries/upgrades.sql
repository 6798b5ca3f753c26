-- From which version to which instances moved in the period, and how many days they had been on the
-- one before. The versions of an instance stand in the order of the first day that ended on each; a
-- version that it comes back to is no second move. Days before the period count for that order.
select
    d.version_before,
    d.version,
    count(*) as instances,
    median(date_diff('day', d.day_before, d.day)) as days
from store.moves d
where d.product = $product and d.origin = $origin and d.day between $first and $last
  and d.version_before is not null and {chosen}
group by d.version_before, d.version
