-- How many did a step, and how long after the one before (in milliseconds).
select
    {number} as number,
    count(*) as instances,
    count(distinct m.organization) as organizations,
    median(date_diff('millisecond', s.moment_before, s.moment)) as middle,
    quantile_cont(date_diff('millisecond', s.moment_before, s.moment), 0.9) as slow
from step_{number} s
left join ({members}) m on m.instance = s.instance
