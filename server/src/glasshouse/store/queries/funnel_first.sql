-- The first step of a funnel: when each instance first did it in the period.
step_1 as (
    select
        d.instance as instance,
        min(d.at) as moment,
        min(d.at) as begun,
        cast(null as timestamp) as moment_before
    from ({events}) d
    where {chosen}
    group by d.instance
)
