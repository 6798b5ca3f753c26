"""How fast the fix of an advisory spreads.

Of the instances that were affected when it was disclosed (as `advisory` counts them): how many had,
by the end of each day, week or month since, ended a day on a version that is not affected. Who goes
back afterwards is not counted back. What is left either runs an affected version or fell silent.
The words are those of `advisory`; rows begin with the step that holds the day of disclosure.
"""

from datetime import date

from glasshouse.insight.advisory import WORDS, Advisory, advisory_of, state_of
from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.period import Period
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question, incomplete_note
from glasshouse.store import Store


def answer_advisory_spread(store: Store, asked: Inquiry) -> Answer:
    advisory = advisory_of(store, asked)
    since = Period(advisory.disclosed, asked.period.last)
    buckets = since.buckets(asked.step, asked.asked_at.date())
    moved = moves(store, asked, advisory)
    whole = sum(moved.values())
    rows: list[tuple[Cell, ...]] = []
    for bucket in buckets:
        gone = sum(n for day, n in moved.items() if day is not None and day <= bucket.last)
        share = gone / whole if whole else 0.0
        rows.append((bucket.first, whole, gone, share, whole - gone, bucket.complete))
    return ADVISORY_SPREAD.answered(
        asked,
        (
            Column("period", asked.step.value.capitalize(), "date", "UTC", dimension=True),
            Column("exposed", "Affected at disclosure", "count", "instances", "instances"),
            Column("moved", "Moved since", "count", "instances", "instances"),
            Column("share", "Share", "share", "of those affected at disclosure",
                   over="exposed", part="moved"),
            Column("left", "Not moved", "count", "instances", "instances"),
            Column("complete", "Complete", "boolean"),
        ),
        rows,
        notes=incomplete_note(asked, last_complete=buckets[-1].complete),
        period=since,
    )  # fmt: skip


def moves(store: Store, asked: Inquiry, advisory: Advisory) -> dict[date | None, int]:
    """Of the instances affected at disclosure: how many moved on which day; None: not yet."""
    chosen = asked.chosen(store)
    affected, values = advisory.sql()
    given = asked.whose(Period(state_of(advisory.disclosed).first, asked.period.last))
    found = rows_of(
        store,
        "advisory_moves",
        {"chosen": chosen.text, "affected": affected},
        {**given, **chosen.parameters, **values, "disclosed": advisory.disclosed},
    )
    return dict(found)


ADVISORY_SPREAD = Question(
    name="advisory_spread",
    title="How fast a fix spreads",
    answers="How many of the instances that an advisory concerned have moved on, day by day?",
    filters=WORDS,
    required=(),
    steps=True,
    example=(
        "glasshouse ask advisory_spread --product psmdb --by week "
        "--where 'affected=>=8.0.0,<8.0.4' --where disclosed=2026-10-01"
    ),
    answer=answer_advisory_spread,
)
