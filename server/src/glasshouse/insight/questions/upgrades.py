"""Which upgrades were done in the period, along which paths, and how long after the one before.

The versions of an instance stand in the order of the first day that ended on each. Every one but
its first is a move from the one before, on that day: an upgrade if the version is newer, else a
downgrade. Coming back to a version that it ran before is no move, so an instance takes each path
once. `days` is the median time between the two first days.
"""

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store

MOST_PATHS = 500


def answer_upgrades(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    given = {**asked.whose(asked.period), **chosen.parameters}
    found = rows_of(store, "upgrades", {"chosen": chosen.text}, given)
    found.sort(key=lambda row: (-row[2], version_key(row[1]), version_key(row[0])))
    whole = sum(row[2] for row in found)
    rows = [
        (
            before,
            version,
            "upgrade" if version_key(version) > version_key(before) else "downgrade",
            instances,
            instances / whole,
            float(days),
        )
        for before, version, instances, days in found[:MOST_PATHS]
    ]
    cut = len(found) - len(rows)
    return UPGRADES.answered(
        asked,
        (
            Column("from_version", "From", "text", dimension=True),
            Column("to_version", "To", "text", dimension=True),
            Column("direction", "Direction", "text"),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("share", "Share", "share", "of all moves", part="instances"),
            Column("days", "Days on the version before", "number", "median, days",
                   over="instances"),
        ),
        rows,
        notes=(f"{cut:,} rarer paths are not listed.",) if cut else (),
    )  # fmt: skip


UPGRADES = Question(
    name="upgrades",
    title="Upgrades and their paths",
    answers="From which version to which do instances move, and how long do they wait?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask upgrades --product psmdb --period 30d --format csv",
    answer=answer_upgrades,
)
