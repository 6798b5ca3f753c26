"""How far instances come on a way of several steps, and how long each step takes.

`steps` names 2 to 10 of them, with commas between: an event (`set_up`), or a value of one of its
fields (`set_up.step=installed`). Of each instance, the first time in the period that it did the
first step counts; then the first time at or after that when it did the second, and so on, up to the
end of the period or `within` that many days of its first step. Other events in between do not
matter. Where a step is the same as the one before it, the next time counts.

One row a step: the instances that came so far, their share of those that began and of those that
did the step before, their organizations, and the median and the ninetieth percentile of the time
since the step before.
"""

from dataclasses import dataclass

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.declared_field import DeclaredField, find_field, quoted
from glasshouse.insight.errors import QuestionError, did_you_mean, one_of
from glasshouse.insight.queries import query_text, rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store
from glasshouse_sdk.manifest import Item, Manifest

FEWEST_STEPS, MOST_STEPS = 2, 10
MOST_DAYS = 3650
NO_EVENTS = "select cast(null as integer) as instance, cast(null as timestamp) as at where 1=0"


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """An event, or one value of a field of it."""

    name: str
    item: Item
    field: DeclaredField | None = None
    value: str = ""


def answer_funnel(store: Store, asked: Inquiry) -> Answer:
    steps = _steps(asked.manifest, asked.filters["steps"])
    chosen = asked.chosen(store)
    members = members_sql(store, asked.manifest)
    chain = [query_text("funnel_first").format(events=_events(store, asked, steps, 0),
                                               chosen=chosen.text)]  # fmt: skip
    for number in range(2, len(steps) + 1):
        same = steps[number - 1] == steps[number - 2]
        names = {
            "number": number,
            "previous": number - 1,
            "events": _events(store, asked, steps, number - 1),
            "follows": ">" if same else ">=",
        }
        chain.append(query_text("funnel_next").format(**names))
    numbers = range(1, len(steps) + 1)
    counts = [query_text("funnel_step").format(number=n, members=members) for n in numbers]
    values = {f"value_{n}": step.value for n, step in enumerate(steps)}
    found = rows_of(
        store,
        "funnel",
        {"chain": ",\n".join(chain), "counts": " union all ".join(counts)},
        {**asked.whose(asked.period), **chosen.parameters, **values, "within": _within(asked)},
    )
    rows: list[tuple[Cell, ...]] = []
    begun = before = found[0][1]
    for step, (number, instances, organizations, middle, slow) in zip(steps, found, strict=True):
        rows.append(
            (
                number,
                step.name,
                instances,
                instances / begun if begun else 0.0,
                instances / before if before else 0.0,
                organizations,
                None if middle is None else middle / 1000,
                None if slow is None else slow / 1000,
            )
        )
        before = instances
    return FUNNEL.answered(
        asked,
        (
            Column("number", "Step", "number", dimension=True),
            Column("step", "What was done", "text", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of those that began", part="instances"),
            Column("share_of_previous", "Share of the step before", "share",
                   "of those that did it", part="instances"),
            Column("organizations", "Organizations", "count", "organizations", "organizations"),
            Column("seconds", "Time since the step before", "number", "median, s",
                   over="instances"),
            Column("slow_seconds", "Of the slowest tenth", "number", "at least, s",
                   over="instances"),
        ),
        rows,
    )  # fmt: skip


def _events(store: Store, asked: Inquiry, steps: list[FunnelStep], place: int) -> str:
    """SQL for the times at which instances did a step."""
    step = steps[place]
    try:
        table = store.item_table(asked.product, step.item.path)
    except KeyError:  # declared, and nothing of it loaded yet
        return NO_EVENTS
    test = "true"
    if step.field is not None:
        column = quoted(step.field.field.name)
        test = f"cast(t.fields.{column} as varchar) = $value_{place}"
    return query_text("funnel_events").format(table=table, test=test)


def _steps(manifest: Manifest, text: str) -> list[FunnelStep]:
    steps = [_step(manifest, part.strip()) for part in text.split(",")]
    if not FEWEST_STEPS <= len(steps) <= MOST_STEPS:
        expected = f"{FEWEST_STEPS} to {MOST_STEPS} steps with commas between"
        raise QuestionError("steps", f"{len(steps)}", expected)
    return steps


def _step(manifest: Manifest, text: str) -> FunnelStep:
    name, equals, value = (part.strip() for part in text.partition("="))
    if equals:
        return _value_step(manifest, text, name, value)
    events = {i.name: i for i in manifest.items.values() if i.kind == "event"}
    item = events.get(name.removeprefix("event."))
    if item is None:
        expected = f"{one_of(events)}, or FIELD=VALUE of one"
        raise QuestionError("steps", f"'{text}'", expected, did_you_mean(name, events))
    return FunnelStep(item.name, item)


def _value_step(manifest: Manifest, text: str, name: str, value: str) -> FunnelStep:
    path = name if name.startswith("event.") or "." not in name else f"event.{name}"
    field = find_field(manifest, path)
    if field.item.kind != "event" or not field.single:
        raise QuestionError("steps", f"'{text}'", "a field that an event holds once")
    values = field.field.values
    if values and value not in values:
        raise QuestionError("steps", f"'{text}'", one_of(values), did_you_mean(value, values))
    return FunnelStep(f"{field.item.name}.{field.name}={value}", field.item, field, value)


def _within(asked: Inquiry) -> int | None:
    text = asked.filters.get("within")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:6]) <= MOST_DAYS:
        raise QuestionError("within", f"'{text}'", f"a number of days from 1 to {MOST_DAYS}")
    return int(text)


FUNNEL = Question(
    name="funnel",
    title="Steps on a way",
    answers="How many instances come how far on a way of several steps, and how long do they take?",
    filters=("steps", "within"),
    required=("steps",),
    steps=False,
    example=(
        "glasshouse ask funnel --product cloudbees-ci "
        "--where steps=instance_check_in,build_completed.result=SUCCESS --where within=14"
    ),
    answer=answer_funnel,
)
