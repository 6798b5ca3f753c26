"""What one instance said of itself.

One row for each declared field of a snapshot that it ever sent: the newest value as of the end of
the period, and the day it is of. Of each snapshot at most the newest 500 are looked at. Lists, maps
and groups are shown as JSON.
"""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store
from glasshouse_sdk.manifest import Item

MOST_SNAPSHOTS = 500


def answer_instance_values(store: Store, asked: Inquiry) -> Answer:
    return INSTANCE_VALUES.answered(
        asked,
        (
            Column("field", "Field", "text", dimension=True),
            Column("value", "Value", "text"),
            Column("day", "As of", "date", "UTC"),
        ),
        [
            (f"{item.path}.{name}", value, day)
            for item in asked.manifest.items.values()
            if item.kind == "snapshot"
            for name, value, day in _values(store, asked, item)
        ],
    )


def _values(store: Store, asked: Inquiry, item: Item) -> Iterator[tuple[str, str, date]]:
    """The fields of a snapshot in the order of its declaration."""
    try:
        table = store.item_table(asked.product, item.path)
    except KeyError:  # declared, and nothing of it loaded yet
        return
    chosen = asked.chosen(store)
    given = {**asked.whose(asked.period), **chosen.parameters}
    given["instance"] = asked.filters["instance"]
    names = {"table": table, "chosen": chosen.text, "most": str(MOST_SNAPSHOTS)}
    newest: dict[str, tuple[Any, date]] = {}
    for at, text in rows_of(store, "values_of_instance", names, given):
        for name, value in json.loads(text).items():
            if value is not None:
                newest.setdefault(name, (value, at.date()))
    for name in item.fields:
        if name in newest:
            value, day = newest[name]
            yield name, value if isinstance(value, str) else json.dumps(value), day


INSTANCE_VALUES = Question(
    name="instance_values",
    title="What one instance said of itself",
    answers="Which value has each field of an instance's snapshots?",
    filters=("instance",),
    required=("instance",),
    steps=False,
    example="glasshouse ask instance_values --product psmdb --where instance=ID",
    answer=answer_instance_values,
    raw=True,
)
