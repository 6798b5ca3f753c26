"""How one trait of instances goes with another.

A trait is `version`, `country`, `region`, `organization` or a declared field: of a snapshot its
newest value as of the end of the period, of an event every value that the instance sent in the
period. Each instance active in the period that has both counts once for each pair of values. A
share is of the instances with the row's first value. Numbers are counted in ranges that start at 1,
2 or 5 times a power of ten, times by month, a map by its names.

Of each trait the 30 values with the most instances are listed; a note says that there are more.
"""

from collections import Counter

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.ranges import range_label
from glasshouse.insight.traits import Trait, find_trait, trait_sql
from glasshouse.store import Store

MOST_VALUES = 30


def answer_cross_tabulation(store: Store, asked: Inquiry) -> Answer:
    one = find_trait(asked.manifest, asked.filters["field"], "field")
    other = find_trait(asked.manifest, asked.filters["across"], "across")
    if one == other:
        raise QuestionError("across", f"'{asked.filters['across']}' twice", "two different traits")
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "cross_tabulation",
        {
            "one": trait_sql(store, asked.manifest, one, ranges=True),
            "other": trait_sql(store, asked.manifest, other, ranges=True),
            "chosen": chosen.text,
        },
        {**asked.whose(asked.period), **chosen.parameters},
    )
    rows, columns = Counter[str](), Counter[str]()
    for value, across, instances in found:
        rows[value] += instances
        columns[across] += instances
    shown, shown_across = _shown(one, rows), _shown(other, columns)
    kept = [row for row in found if row[0] in shown and row[1] in shown_across]
    kept.sort(key=lambda row: (shown[row[0]], shown_across[row[1]]))
    whole = Counter[str]()
    for value, _, instances in kept:
        whole[value] += instances
    return CROSS_TABULATION.answered(
        asked,
        (
            Column(one.name, one.title, "text", dimension=True),
            Column(other.name, other.title, "text", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of those listed with the same first value",
                   part="instances"),
        ),
        [
            (_label(one, value), _label(other, across), instances, instances / whole[value])
            for value, across, instances in kept
        ],
        notes=[
            f"Only the {MOST_VALUES} most frequent values of {trait.name} are listed."
            for trait, values in ((one, rows), (other, columns))
            if len(values) > MOST_VALUES
        ],
        title=f"{one.name} across {other.name}",
    )  # fmt: skip


def _shown(trait: Trait, counts: Counter[str]) -> dict[str, int]:
    """The place of each value that is listed: versions newest first, numbers by value."""
    most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
    if trait.field is not None and trait.field.ranged:
        most.sort(key=float)
    elif trait.name == "version" or (trait.field and trait.field.field.type == "version"):
        most.sort(key=version_key, reverse=True)
    elif trait.field is not None and trait.field.field.type == "time":
        most.sort()
    return {value: place for place, value in enumerate(most)}


def _label(trait: Trait, value: str) -> str:
    if trait.field is not None and trait.field.ranged:
        return range_label(float(value), whole=trait.field.counted)
    return value


CROSS_TABULATION = Question(
    name="cross_tabulation",
    title="One trait across another",
    answers="How do the values of a field go with versions, countries or another field?",
    filters=("field", "across"),
    required=("field", "across"),
    steps=False,
    example=(
        "glasshouse ask cross_tabulation --product psmdb --where field=deployment "
        "--where across=version"
    ),
    answer=answer_cross_tabulation,
)
