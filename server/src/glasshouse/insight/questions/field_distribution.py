"""Which values a declared field has.

Of a snapshot: the newest value of every instance that was active in the period, as of its end; each
instance counts once per value (a list or a map may hold several, and then the shares add up to more
than 1). Of an event: all events of the period, each counting once per value.

A share is of the instances (of an event: of the items) that carry the field at all. Numbers are
counted in ranges that start at 1, 2 or 5 times a power of ten; times by month; a map by its names.
At most 200 values are listed, the most frequent ones; a note says how many more there are.

`version`, `country`: those of the newest snapshot, or of the event.
"""

from collections.abc import Sequence
from typing import Any

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.declared_field import (
    DeclaredField,
    find_field,
    label_sql,
    quoted,
    values_sql,
)
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.ranges import range_label
from glasshouse.store import Store

MOST_VALUES = 200
MOST_BITS = 4_000_000  # half a megabyte for each listed value
NEW_MEANWHILE = 100_000


def answer_field_distribution(store: Store, asked: Inquiry) -> Answer:
    declared = find_field(asked.manifest, asked.filters["field"])
    event = declared.item.kind == "event"
    found = _ask(store, asked, declared)
    kept = _in_order(declared, found)
    whole = found[0][3] if found else 0
    return FIELD_DISTRIBUTION.answered(
        asked,
        (
            Column("value", declared.name, "text", declared.field.unit or "", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            *((Column("items", "Events", "count", "events", "items"),) if event else ()),
            Column(
                "share",
                "Share",
                "share",
                "of those that carry the field",
                part="items" if event else "instances",
            ),
        ),
        [_row(declared, row, whole, event=event) for row in kept],
        notes=_notes(asked, found, event=event),
        title=f"Distribution of {declared.path}",
        carrying=None if event else whole,
        active=found[0][4] if found else None,
    )


def _ask(store: Store, asked: Inquiry, declared: DeclaredField) -> Sequence[tuple[Any, ...]]:
    try:
        table = store.item_table(asked.product, declared.item.path)
    except KeyError:  # declared, and nothing of it loaded yet
        return ()
    given = {name: asked.filters.get(name) for name in ("version", "country")}
    chosen = asked.chosen(store)
    parameters = {**asked.whose(asked.period), **given, **chosen.parameters, "most": MOST_VALUES}
    names = {
        "table": table,
        "field": quoted(declared.column.name),
        "label": label_sql(declared),
        "values": values_sql(declared),
        "chosen": chosen.text,
        # A filter stands in the text only where it is asked for: without one the engine need not
        # find out the newest version and country of every instance.
        "filters": " and ".join(f"{n} = ${n}" for n, v in given.items() if v is not None) or "true",
    }
    if declared.item.kind == "snapshot":
        return rows_of(store, "field_of_snapshots", names, parameters)
    if declared.single:
        names["instances"] = _distinct_instances(store)
        name = "field_of_events_few" if declared.few else "field_of_events_single"
        return rows_of(store, name, names, parameters)
    return rows_of(store, "field_of_events", names, parameters)


def _distinct_instances(store: Store) -> str:
    """SQL that counts different instances: by bits, while a row of bits for each value is small."""
    greatest = int(store.rows("most_ids").rows[0][0])
    if greatest > MOST_BITS:
        return "count(distinct c.instance)"
    # Ids may be added before the query runs, though hardly that many.
    return f"bit_count(bitstring_agg(c.instance, 0, {greatest + NEW_MEANWHILE}))"


def _in_order(declared: DeclaredField, rows: Sequence[Any]) -> list[Any]:
    """Numbers and times by value, versions newest first, all else most frequent first."""
    if declared.ranged or declared.field.type == "time":
        return sorted(rows, key=lambda row: row[0])
    if declared.field.type == "version":
        return sorted(rows, key=lambda row: version_key(row[0]), reverse=True)
    return list(rows)  # as the query has them


def _row(
    declared: DeclaredField, row: Sequence[Any], whole: int, *, event: bool
) -> tuple[Cell, ...]:
    value, instances, items = row[:3]
    label = range_label(value, whole=declared.counted) if declared.ranged else value
    counts = (instances, items) if event else (instances,)
    return (label, *counts, items / whole)


def _notes(asked: Inquiry, found: Sequence[Any], *, event: bool) -> tuple[str, ...]:
    notes = []
    if found and not event and not set(asked.filters) - {"field"}:
        reporting, active = found[0][3:5]
        notes.append(f"{reporting:,} of {active:,} instances active in the period carry the field.")
    if found and found[0][5] > MOST_VALUES:
        notes.append(f"{found[0][5] - MOST_VALUES:,} rarer values are not listed.")
    return tuple(notes)


FIELD_DISTRIBUTION = Question(
    name="field_distribution",
    title="Distribution of a field",
    answers="Which values does a declared field have, and on how many instances?",
    filters=("field", "version", "country"),
    required=("field",),
    steps=False,
    example="glasshouse ask field_distribution --product psmdb --where field=deployment",
    answer=answer_field_distribution,
)
