-- For each feature: the instances that used it in the period, on how many days (of each instance),
-- how often, and the organizations they belong to. {uses} has a row for each use; {days} counts the
-- different days.
with used as (
    select d.feature as feature, d.instance as instance, {days} as days, count(*) as items
    from ({uses}) d
    where {chosen}
    group by d.feature, d.instance
)
select
    u.feature,
    count(*) as instances,
    count(distinct m.organization) as organizations,
    cast(sum(u.days) as bigint) as days,
    cast(sum(u.items) as bigint) as items
from used u
left join ({members}) m on m.instance = u.instance
group by u.feature
