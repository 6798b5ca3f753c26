"""How far the data can be relied on, by the version that sends it.

One row for each version that an instance active in the period named last, newest first; instances
that named none are a row without a version.

- `reporting`: the days on which the instances sent something, by all days from the first to the
  last of each within the period. A product that reports daily should be near 1.
- `with_gaps`: instances that were silent for more than 7 days in between, and came back.
- `in_two_places`: instances whose items of one day (UTC) came from two countries or more. That is
  what an image looks like that was cloned together with its identity; or a traveller, or a VPN.
- `with_bad_clocks`: instances with items whose time could not be believed; `doubtful` is the share
  of their items.
"""

from glasshouse.catalogue.version_order import version_key
from glasshouse.insight.answer import Answer, Column
from glasshouse.insight.queries import query_text, rows_of
from glasshouse.insight.question import Inquiry, Question
from glasshouse.store import Store

PAUSE = 7  # days
NO_ITEMS = (
    "select cast(null as integer) as instance, cast(null as date) as day, "
    "cast(null as varchar) as country, false as doubtful_time where 1=0"
)


def answer_data_quality(store: Store, asked: Inquiry) -> Answer:
    chosen = asked.chosen(store)
    found = rows_of(
        store,
        "data_quality",
        {"items": _items_sql(store, asked), "chosen": chosen.text, "pause": str(PAUSE)},
        {**asked.whose(asked.period), **chosen.parameters},
    )
    found.sort(key=lambda row: version_key(row[0]), reverse=True)
    return DATA_QUALITY.answered(
        asked,
        (
            Column("version", "Version", "text", dimension=True),
            Column("instances", "Instances", "count", "instances", "instances"),
            Column("reporting", "Reporting", "share", "of the days", over="instances"),
            Column("with_gaps", "With gaps", "count", "instances", "instances"),
            Column("in_two_places", "In two places", "count", "instances", "instances"),
            Column("with_bad_clocks", "With bad clocks", "count", "instances", "instances"),
            Column("items", "Items", "count", "items", "items"),
            Column("doubtful", "Of doubtful time", "share", "of the items", over="instances"),
        ),
        [
            (version, instances, days / span, gaps, places, clocks, items,
             doubtful / items if items else 0.0)
            for version, instances, days, span, gaps, places, clocks, items, doubtful in found
        ],
    )  # fmt: skip


def _items_sql(store: Store, asked: Inquiry) -> str:
    texts = []
    for path in asked.manifest.items:
        try:
            table = store.item_table(asked.product, path)
        except KeyError:  # declared, and nothing of it loaded yet
            continue
        texts.append(query_text("heads_of_items").format(table=table))
    return " union all ".join(texts) or NO_ITEMS


DATA_QUALITY = Question(
    name="data_quality",
    title="How far the data can be relied on",
    answers="How steadily do instances report, and which look cloned or have bad clocks?",
    filters=(),
    required=(),
    steps=False,
    example="glasshouse ask data_quality --product psmdb --period 30d",
    answer=answer_data_quality,
)
