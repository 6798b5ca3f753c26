-- Of the instances that ran an affected version when it was disclosed (the last version that each
-- named between $first and $disclosed), how many first ended a day on another version, by that day;
-- without a day, how many have not yet. {affected} lists the versions.
with running as (
    select d.instance as instance, arg_max(d.version, d.day) as version
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $disclosed
      and {chosen}
    group by d.instance
),
exposed as (
    select r.instance as instance from running r where r.version in ({affected})
),
moved as (
    select d.instance as instance, min(d.day) as moved_on
    from store.instance_days d
    where d.product = $product and d.origin = $origin and d.day > $disclosed and d.day <= $last
      and d.version is not null and d.version not in ({affected})
      and d.instance in (select e.instance from exposed e)
    group by d.instance
)
select m.moved_on as day, count(*) as instances
from exposed e
left join moved m on m.instance = e.instance
group by m.moved_on
