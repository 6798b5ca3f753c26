-- A further step: when each instance that did the one before first did this one after it.
step_{number} as (
    select
        p.instance as instance,
        min(d.at) as moment,
        p.begun as begun,
        p.moment as moment_before
    from step_{previous} p
    join ({events}) d on d.instance = p.instance
    where d.at {follows} p.moment
      and (cast($within as integer) is null or d.at <= p.begun + $within * interval 1 day)
    group by p.instance, p.begun, p.moment
)
