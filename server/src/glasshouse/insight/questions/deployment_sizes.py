"""How large the deployments of organizations are.

Without `field`, the size of an organization is the number of its instances active in the period.
With the name of a number in a snapshot it is the sum of their newest values, as of the end of the
period; organizations none of whose instances carry it are left out. Organizations are counted in
ranges of size that begin at 1, 2 or 5 times a power of ten; `median` and `total` are those of the
sizes in the row. An instance belongs to the organization that its newest item names.
"""

from collections import defaultdict
from statistics import median

from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.declared_field import DeclaredField, find_field
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.ranges import range_label, range_start
from glasshouse.insight.traits import (
    NOTHING,
    Trait,
    members_sql,
    organization_identity,
    trait_sql,
)
from glasshouse.store import Store


def answer_deployment_sizes(store: Store, asked: Inquiry) -> Answer:
    organization_identity(asked.manifest)
    field = _number(asked)
    sizes = trait_sql(store, asked.manifest, Trait(field.path, field)) if field else NOTHING
    chosen = asked.chosen(store)
    members = members_sql(store, asked.manifest)
    found = rows_of(
        store,
        "deployment_sizes",
        {"sizes": sizes, "members": members, "chosen": chosen.text},
        {**asked.whose(asked.period), **chosen.parameters},
    )
    sized: dict[float, list[tuple[float, int]]] = defaultdict(list)
    for _, instances, carrying, size in found:
        if field is None:
            sized[range_start(instances)].append((instances, instances))
        elif carrying:
            sized[range_start(size)].append((size, instances))
    whole = sum(map(len, sized.values()))
    return DEPLOYMENT_SIZES.answered(
        asked,
        (
            Column("size", field.name if field else "Instances", "text",
                   field.field.unit if field else "", dimension=True),
            Column("organizations", "Organizations", "count", "organizations", "organizations"),
            Column("share", "Share", "share", "of the organizations", part="organizations"),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("median", "Median size", "number", over="organizations"),
            Column("total", "Total", "number", over="organizations"),
        ),
        [
            (
                range_label(start, whole=field is None or field.counted),
                len(those),
                len(those) / whole,
                sum(instances for _, instances in those),
                float(median(size for size, _ in those)),
                float(sum(size for size, _ in those)),
            )
            for start, those in sorted(sized.items())
        ],
        title=f"Organizations by {field.path}" if field else "",
        carrying=sum(row[2] if field else row[1] for row in found),
        active=sum(row[1] for row in found),
    )  # fmt: skip


def _number(asked: Inquiry) -> DeclaredField | None:
    """The field whose values are added up. Raises `QuestionError` if that means nothing."""
    name = asked.filters.get("field")
    if name is None:
        return None
    field = find_field(asked.manifest, name)
    if not (field.ranged and field.single and field.item.kind == "snapshot"):
        what = f"'{field.path}', a {field.field.type} of {field.item.kind}s"
        raise QuestionError("field", what, "a number that a snapshot holds once")
    return field


DEPLOYMENT_SIZES = Question(
    name="deployment_sizes",
    title="Organizations by instances",
    answers="How many organizations run deployments of which size?",
    filters=("field",),
    required=(),
    steps=False,
    example="glasshouse ask deployment_sizes --product cloudbees-ci --period 30d",
    answer=answer_deployment_sizes,
)
