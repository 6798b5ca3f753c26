"""Every page of a product that is made of questions. A new one is an entry here, a row in
`endpoints.NEEDED`, an entry in `navigation.py` and its words in `messages/`.
"""

from collections.abc import Mapping

from glasshouse.console.pages.arrangement import Arrangement, Asked, Figure
from glasshouse.console.pages.defaults import (
    charted_field,
    has_events,
    set_up_steps,
    version_trait,
)
from glasshouse.insight.pages import has_load_times, has_pages
from glasshouse.insight.period import Step
from glasshouse.insight.traits import has_organizations

_ADVISORY = ("affected", "osv", "disclosed")
_AFFECTED = ("affected|osv",)

OVERVIEW = Arrangement(
    "",
    (
        Figure("active_instances", "counts"),
        Figure("version_adoption", "shares"),
        Figure("field_distribution", "bars", takes=("field",), needs=("field",)),
    ),
    asks=(Asked("field", "field", charted_field),),
    template="product",
)

ARRANGEMENTS: Mapping[str, Arrangement] = {
    arrangement.name: arrangement
    for arrangement in (
        OVERVIEW,
        Arrangement(
            "fleet",
            (
                Figure("lifecycle", "stack"),
                Figure("field_distribution", "bars", takes=("field",), needs=("field",)),
                Figure(
                    "cross_tabulation",
                    "matrix",
                    takes=("field", "across"),
                    needs=("field", "across"),
                ),
                Figure("deployment_sizes", "bars", when=has_organizations),
            ),
            asks=(
                Asked("field", "field", charted_field),
                Asked("across", "trait", version_trait),
            ),
            default_by=Step.WEEK,
        ),
        Arrangement(
            "versions",
            (
                Figure("version_adoption", "shares"),
                Figure("version_lag", "course"),
                Figure("minimum_version", "bars", takes=("reach",), shows="share"),
                Figure("upgrades", "bars"),
            ),
            asks=(Asked("reach", "number"),),
            default_by=Step.WEEK,
        ),
        Arrangement(
            "features",
            (
                Figure("feature_adoption", "bars", takes=("field",)),
                Figure("feature_breadth", "bars", takes=("field",)),
            ),
            asks=(Asked("field", "feature"),),
            possible=has_events,
        ),
        Arrangement(
            "organizations",
            (
                Figure("organizations", "table", takes=("field",)),
                Figure("deployment_sizes", "bars"),
                Figure(
                    "recommendations",
                    "table",
                    takes=("field",),
                    only=("organization", "feature", "kind", "reason"),
                ),
            ),
            asks=(Asked("field", "feature"),),
            possible=has_organizations,
        ),
        Arrangement(
            "organization",
            (
                Figure("active_instances", "counts"),
                Figure("version_adoption", "shares"),
                Figure("feature_adoption", "bars", takes=("field",), only=(
                    "feature", "instances", "share", "items", "days")),
                Figure(
                    "peers",
                    "peers",
                    takes=("organization", "field"),
                    only=("title", "value", "median", "peers", "below"),
                ),
                Figure(
                    "recommendations",
                    "table",
                    takes=("organization", "field"),
                    only=("feature", "kind", "peers_using", "peers", "reason"),
                ),
                Figure("geography", "bars", only=("country", "instances", "share")),
            ),
            asks=(Asked("field", "feature"),),
            possible=has_organizations,
            default_by=Step.WEEK,
            narrows_by="organization",
            compares=True,
            template="organization",
        ),
        Arrangement("instances", (Figure("instances", "table"),)),
        Arrangement(
            "instance",
            (
                Figure("instance_history", "counts", takes=("instance",), shows="items"),
                Figure("instance_values", "table", takes=("instance",)),
            ),
            narrows_by="instance",
            template="instance",
        ),
        Arrangement(
            "funnels",
            (Figure(
                    "funnel",
                    "bars",
                    takes=("steps", "within"),
                    needs=("steps",),
                    only=(
                        "step",
                        "instances",
                        "share",
                        "share_of_previous",
                        "organizations",
                        "seconds",
                        "slow_seconds",
                    ),
                ),),
            asks=(Asked("steps", "text", set_up_steps), Asked("within", "number")),
            possible=has_events,
            template="funnels",
        ),
        Arrangement("retention", (Figure("retention", "matrix"), Figure("lifecycle", "stack")),
                    default_by=Step.WEEK),
        Arrangement("geography", (Figure("geography", "bars"),)),
        Arrangement(
            "advisories",
            (
                Figure("advisory", "table", takes=_ADVISORY, needs=_AFFECTED),
                Figure("advisory_spread", "course", takes=_ADVISORY, needs=_AFFECTED),
                Figure("advisory_organizations", "table", takes=_ADVISORY, needs=_AFFECTED,
                       when=has_organizations),
            ),
            asks=(Asked("affected", "text"), Asked("disclosed", "date"), Asked("osv", "long")),
            template="advisories",
        ),
        Arrangement(
            "pages",
            (
                Figure("page_views", "bars"),
                Figure("load_times", "table", when=has_load_times),
                Figure("page_paths", "bars"),
            ),
            possible=has_pages,
        ),
        Arrangement("health", (Figure("data_quality", "table"),), template="health"),
    )
}  # fmt: skip
