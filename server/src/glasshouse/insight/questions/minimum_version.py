"""Which version can be required, and whom that would leave behind.

One row for each version that an instance active in the period named last in it, newest first. If
that version is required, the instances on it or on a newer one stay (`reached`), the others are
left behind; an organization is left behind if any of its instances is. Instances that named no
version are left out.

`advised` marks the newest version that at least `reach` of the instances have: 95 % unless said.
"""

from collections import Counter, defaultdict

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.queries import rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.traits import members_sql
from glasshouse.store import Store

REACH = 0.95


def answer_minimum_version(store: Store, asked: Inquiry) -> Answer:
    reach = _reach(asked.filters.get("reach"))
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "current_by_organization",
        {"chosen": chosen.text, "members": members_sql(store, asked.manifest)},
        {**asked.whose(asked.period), **chosen.parameters},
    )
    on: Counter[str] = Counter()
    organizations: dict[str, set[int]] = defaultdict(set)
    for version, organization, instances in found:
        if version is None:
            continue
        on[version] += instances
        if organization is not None:
            organizations[version].add(organization)
    active = sum(instances for _, _, instances in found)
    return MINIMUM_VERSION.answered(
        asked,
        (
            Column("version", "If this is required", "text", dimension=True),
            Column("instances", "On it", "count", "instances", "instances"),
            Column("reached", "On it or newer", "count", "instances", "instances"),
            Column("share", "Share", "share", "of those that name a version", part="reached"),
            Column("left_behind", "Left behind", "count", "instances", "instances"),
            Column("organizations_left_behind", "Organizations left behind", "count",
                   "organizations", "organizations"),
            Column("advised", "Advised", "boolean", over="reached"),
        ),
        _rows(on, organizations, reach),
        carrying=sum(on.values()),
        active=active,
    )  # fmt: skip


def _rows(
    on: Counter[str], organizations: dict[str, set[int]], reach: float
) -> list[tuple[Cell, ...]]:
    whole = sum(on.values())
    rows: list[tuple[Cell, ...]] = []
    below: dict[str, int] = {}
    seen: set[int] = set()
    for version in sorted(on, key=version_key):  # whom a version leaves behind are those before it
        below[version] = len(seen)
        seen |= organizations[version]
    reached, advised = 0, False
    for version in sorted(on, key=version_key, reverse=True):
        reached += on[version]
        now = not advised and reached / whole >= reach
        advised = advised or now
        row = (version, on[version], reached, reached / whole, whole - reached)
        rows.append((*row, below[version], now))
    return rows


def _reach(text: str | None) -> float:
    if text is None:
        return REACH
    try:
        reach = float(text.removesuffix("%").strip()) / 100
    except ValueError:
        reach = 0.0
    if not 0 < reach <= 1:
        raise QuestionError("reach", f"'{text}'", "a percentage above 0 and up to 100, such as 95")
    return reach


MINIMUM_VERSION = Question(
    name="minimum_version",
    title="Which minimum version can be required",
    answers="If a version is required, how many instances and organizations are left behind?",
    filters=("reach",),
    required=(),
    steps=False,
    example="glasshouse ask minimum_version --product psmdb --period 30d --where reach=98",
    answer=answer_minimum_version,
)
