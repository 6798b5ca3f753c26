-- The instances active in the period by where each was seen last, with how many of them are new, and
-- the organizations they belong to. A place is COUNTRY/REGION; {part} is 1 or 2.
with active as (
    select distinct d.instance as instance
    from store.active_days d
    where d.product = $product and d.origin = $origin and d.day between $first and $last
      and {chosen}
)
select
    nullif(split_part(v.place, '/', {part}), '') as place,
    count(*) as instances,
    count(case when v.first_seen >= $since then 1 end) as fresh,
    count(distinct m.organization) as organizations
from active a
join store.instances v on v.instance = a.instance
left join ({members}) m on m.instance = a.instance
where v.product = $product and v.origin = $origin
  and (cast($country as varchar) is null or split_part(v.place, '/', 1) = $country)
group by place
order by instances desc, place
