-- What was refused of a product on some days, by the version that sent it and the reason.
select r.version, r.outcome, r.reason, cast(sum(r.items) as bigint) as items, max(r.day) as last_day
from store.refused_days r
where r.product = $product and r.day between $first and $last
group by r.version, r.outcome, r.reason
order by items desc, r.version, r.reason
