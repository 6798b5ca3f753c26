"""Instances by day, week and month: what "how many, on which version" is answered from.

Rows move through levels, so that loading costs the same however much is stored:

    arrivals      the head of every row since the last fold, appended as it comes
    open_days     instance-days of days that still grow; an instance may have several rows
    closed_days   one row per instance and day, in the order of days; hardly ever touched again

and from the days that close in the same way into weeks and months. A day is closed two days after
it, a week or month when its last day is. What comes later still waits in the open table until
there is enough of it to be merged. The views store.instance_days, _weeks and _months put the
levels together again: one row per instance and period, exact at any moment.

Surrogates belong to one product, so `instance` and `origin` tell rows of products apart.
"""

from dataclasses import dataclass

ROW = "product, origin, day, instance, version, version_at, items"
COLUMNS = """(
    product varchar not null, origin varchar not null, day date not null, instance integer not null,
    version varchar, version_at timestamp, items bigint not null
)"""


@dataclass(frozen=True, slots=True)
class Step:
    """A length of period. `day` in its tables is a period's first day."""

    name: str

    @property
    def open(self) -> str:
        return f"store.open_{self.name}s"

    @property
    def closed(self) -> str:
        return f"store.closed_{self.name}s"

    @property
    def view(self) -> str:
        return f"store.instance_{self.name}s"

    def start(self, day: str) -> str:
        """SQL for the first day of the period that a day lies in."""
        return day if self.name == "day" else f"date_trunc('{self.name}', {day})::date"

    def ended(self, day: str) -> str:
        """SQL for the last day of the last period that ended before a day."""
        return f"({self.start(day)} - 1)"


DAY, WEEK, MONTH = STEPS = (Step("day"), Step("week"), Step("month"))

TABLES = """

create table if not exists store.arrivals (
    product varchar not null, origin varchar not null, instance integer not null,
    "at" timestamp not null, version varchar, place varchar, door varchar not null
);
create table if not exists store.closed_until (
    step varchar not null, product varchar not null, origin varchar not null, day date not null
);
-- Of two values at one time the one with the greater rank counts: a rule is needed, so that the
-- order of loading does not decide.
create or replace macro store.rank_of(moment, value) as
    epoch_us(moment)::hugeint * 18446744073709551616 + hash(value);
-- A number that puts rows in the order of their times, and at one time of their receipt.
create or replace macro store.order_of(moment, received) as
    epoch_us(moment)::hugeint * 18446744073709551616 + epoch_us(received);
""" + "".join(
    f"create table if not exists {table} {COLUMNS};\n"
    for step in STEPS
    for table in (step.open, step.closed)
)

MERGED = """
    select product, origin, day, instance, arg_max(version, store.rank_of(version_at, version)) as
           version, max(version_at) as version_at, sum(items)::bigint as items
"""
"""One row of several of an instance and period. Goes before `from` and `group by all`."""


def hot_rows(step: Step) -> str:
    """What is not in the closed table yet. An instance may have several rows of a period."""
    arrived = step.start('cast("at" as date)')
    hot = [
        f"select {ROW} from {step.open}",
        f"""select product, origin, {arrived} as day, instance, version,
                   case when version is not null then "at" end as version_at, 1::bigint as items
            from store.arrivals""",
    ]
    if step is not DAY:
        hot.append(
            f"select product, origin, {step.start('day')} as day, instance, version, version_at, "
            f"items from {DAY.open}"
        )
    return " union all ".join(hot)


def late_rows(step: Step, columns: str) -> str:
    """Of what `hot` has, such as `hot_rows`, what came for periods that are closed."""
    return f"""
        select distinct {columns} from hot h join store.closed_until u
        on u.step = '{step.name}' and u.product = h.product and u.origin = h.origin
           and h.day <= u.day
    """


def view_of(step: Step) -> str:
    """The statement that makes the view of a step: exact, whatever lies in which level."""
    return f"""
        create or replace view {step.view} as
        with hot as not materialized ({hot_rows(step)}),
        late as not materialized (
            {late_rows(step, "h.day, h.instance, h.origin")}
        )
        select {ROW} from {step.closed} c anti join late using (instance, day, origin)
        union all
        {MERGED} from (
            select {ROW} from hot
            union all
            select {ROW} from {step.closed} c semi join late using (instance, day, origin)
        ) group by all
    """


ACTIVE_DAYS = f"""
create or replace view store.active_days as
select product, origin, day, instance from {DAY.closed}
union all
select product, origin, day, instance from {DAY.open}
union all
select product, origin, cast("at" as date) as day, instance from store.arrivals
"""
"""An instance and a day once or more: enough, and cheaper, where instances are counted once."""
