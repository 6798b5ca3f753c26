-- How many instances, and how many organizations, used how many different features in the period.
-- {uses} has a row for each use.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
),
used as (
    select distinct u.instance as instance, u.feature as feature from ({uses}) u
),
broad as (
    select a.instance as instance, count(u.feature) as breadth
    from active a
    left join used u on u.instance = a.instance
    group by a.instance
),
broad_organizations as (
    select m.organization as organization, count(distinct u.feature) as breadth
    from active a
    join ({members}) m on m.instance = a.instance
    left join used u on u.instance = a.instance
    group by m.organization
),
counted as (
    select b.breadth as breadth, count(*) as instances, 0 as organizations
    from broad b
    group by b.breadth
    union all
    select o.breadth as breadth, 0 as instances, count(*) as organizations
    from broad_organizations o
    group by o.breadth
)
select
    c.breadth,
    cast(sum(c.instances) as bigint) as instances,
    cast(sum(c.organizations) as bigint) as organizations
from counted c
group by c.breadth
order by c.breadth
