"""What counts as a feature: each event that the manifest declares, or each value of one's field.

What is declared and was never used is a feature as well, and the one to look at.
"""

from glasshouse.insight.declared_field import (
    DeclaredField,
    find_field,
    label_sql,
    quoted,
    values_sql,
)
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import query_text
from glasshouse.insight.question import Inquiry
from glasshouse.insight.ranges import range_label
from glasshouse.store import Store

NO_USES = (
    "select cast(null as integer) as instance, cast(null as varchar) as feature, "
    "cast(null as date) as day where 1=0"
)


def feature_field(asked: Inquiry) -> DeclaredField | None:
    """The field whose values are the features; None where the events are."""
    name = asked.filters.get("field")
    if name is None:
        return None
    field = find_field(asked.manifest, name)
    if field.item.kind != "event":
        found = f"'{field.path}', which is of a snapshot"
        raise QuestionError("field", found, "a field of an event: what is used is told by events")
    return field


def uses_sql(store: Store, asked: Inquiry) -> str:
    """Rows of `instance`, `feature` and `day`, one for each use in the period."""
    field = feature_field(asked)
    items = [i for i in asked.manifest.items.values() if i.kind == "event"]
    texts = []
    for item in items if field is None else [field.item]:
        try:
            table = store.item_table(asked.product, item.path)
        except KeyError:  # declared, and nothing of it loaded yet
            continue
        if field is None:
            texts.append(query_text("uses_of_items").format(table=table, feature=item.name))
        else:
            names = {"table": table, "field": quoted(field.column.name)}
            names |= {"label": label_sql(field), "values": values_sql(field)}
            of = "uses_of_value" if field.single else "uses_of_values"
            texts.append(query_text(of).format(**names))
    return " union all ".join(texts) or NO_USES


def declared_features(asked: Inquiry) -> tuple[str, ...]:
    """The features that the manifest names, used or not; empty where it leaves them open."""
    field = feature_field(asked)
    if field is None:
        return tuple(i.name for i in asked.manifest.items.values() if i.kind == "event")
    if field.field.type == "boolean":
        return ("false", "true")
    return tuple(field.field.values)


def feature_label(asked: Inquiry, feature: str) -> str:
    """A feature as people read it: a range of numbers by its bounds."""
    field = feature_field(asked)
    if field is not None and field.ranged:
        return range_label(float(feature), whole=field.counted)
    return feature
