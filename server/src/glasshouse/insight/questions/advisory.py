"""How many instances and organizations an advisory concerns: when it was disclosed, and now.

`affected` is a range of versions (`>=2.0.0,<2.0.4`, several with `||` between); or `osv` an OSV
record. `disclosed` is the day of disclosure: unless given, that of the record, else the first day
of the period. `now` is the period's last day.

On either day, an instance counts as running the last version that it named in the 30 days that end
with it; one that was not heard of in these days counts nowhere, and one that named no version only
as active. An organization is affected if any of its instances is.

`half_life` is how many days after the disclosure at least half of the instances that were affected
then had ended a day on a version that is not; None as long as they have not.
"""

from glasshouse.insight.advisory import WINDOW, WORDS, Advisory, advisory_of, state_of
from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.period import Period
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.questions.advisory_spread import moves
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store


def answer_advisory(store: Store, asked: Inquiry) -> Answer:
    advisory = advisory_of(store, asked)
    at_first = _state(store, asked, advisory, state_of(advisory.disclosed))
    now = _state(store, asked, advisory, state_of(asked.period.last))
    return ADVISORY.answered(
        asked,
        (
            Column("moment", "When", "text", dimension=True),
            Column("day", "Day", "date", "UTC"),
            Column("instances", "Affected", "count", "instances", "instances"),
            Column("active", "Active instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of the active instances",
                   over="active", part="instances"),
            Column("organizations", "Affected organizations", "count", "organizations",
                   "organizations"),
            Column("half_life", "Half-life", "number", "days", over="instances"),
        ),
        [
            ("disclosed", advisory.disclosed, *at_first, _half_life(store, asked, advisory)),
            ("now", asked.period.last, *now, None),
        ],
        notes=(f"Counted are instances heard of in the {WINDOW} days up to each day.",),
    )  # fmt: skip


def _state(store: Store, asked: Inquiry, advisory: Advisory, days: Period) -> tuple[Cell, ...]:
    """Affected and active instances, their share, and affected organizations."""
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "current_by_organization",
        {"chosen": chosen.text, "members": members_sql(store, asked.manifest)},
        {**asked.whose(days), **chosen.parameters},
    )
    hit = [(of, instances) for version, of, instances in found if version in advisory.versions]
    affected = sum(instances for _, instances in hit)
    active = sum(instances for _, _, instances in found)
    organizations = {of for of, _ in hit if of is not None}
    return affected, active, affected / active if active else 0.0, len(organizations)


def _half_life(store: Store, asked: Inquiry, advisory: Advisory) -> int | None:
    moved = moves(store, asked, advisory)
    whole, gone = sum(moved.values()), 0
    for day in sorted(day for day in moved if day is not None):
        gone += moved[day]
        if gone * 2 >= whole:
            return (day - advisory.disclosed).days
    return None


ADVISORY = Question(
    name="advisory",
    title="Whom an advisory concerns",
    answers="How many instances and organizations ran an affected version, at disclosure and now?",
    filters=WORDS,
    required=(),
    steps=False,
    example=(
        "glasshouse ask advisory --product psmdb --where 'affected=>=8.0.0,<8.0.4' "
        "--where disclosed=2026-10-01"
    ),
    answer=answer_advisory,
)
