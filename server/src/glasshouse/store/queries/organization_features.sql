-- For each organization: its instances active in the period (without a feature), and how many of them
-- used each feature. {uses} has a row for each use.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
),
belonging as (
    select a.instance as instance, m.organization as organization
    from active a
    join ({members}) m on m.instance = a.instance
),
used as (
    select distinct u.instance as instance, u.feature as feature from ({uses}) u
),
counted as (
    select b.organization as organization, cast(null as varchar) as feature, count(*) as instances
    from belonging b
    group by b.organization
    union all
    select b.organization as organization, u.feature as feature, count(*) as instances
    from belonging b
    join used u on u.instance = b.instance
    group by b.organization, u.feature
)
select n.id as organization, c.feature, c.instances
from counted c
join store.identities n on n.surrogate = c.organization
