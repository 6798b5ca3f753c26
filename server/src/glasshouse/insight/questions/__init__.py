"""Every question that can be asked, by name. A new one is a file here and a line in this table."""

from collections.abc import Mapping

from glasshouse.insight.question import Question
from glasshouse.insight.questions.active_instances import ACTIVE_INSTANCES
from glasshouse.insight.questions.advisory import ADVISORY
from glasshouse.insight.questions.advisory_organizations import ADVISORY_ORGANIZATIONS
from glasshouse.insight.questions.advisory_spread import ADVISORY_SPREAD
from glasshouse.insight.questions.cross_tabulation import CROSS_TABULATION
from glasshouse.insight.questions.data_quality import DATA_QUALITY
from glasshouse.insight.questions.deployment_sizes import DEPLOYMENT_SIZES
from glasshouse.insight.questions.feature_adoption import FEATURE_ADOPTION
from glasshouse.insight.questions.feature_breadth import FEATURE_BREADTH
from glasshouse.insight.questions.field_distribution import FIELD_DISTRIBUTION
from glasshouse.insight.questions.funnel import FUNNEL
from glasshouse.insight.questions.geography import GEOGRAPHY
from glasshouse.insight.questions.instance_history import INSTANCE_HISTORY
from glasshouse.insight.questions.instance_values import INSTANCE_VALUES
from glasshouse.insight.questions.instances import INSTANCES
from glasshouse.insight.questions.lifecycle import LIFECYCLE
from glasshouse.insight.questions.load_times import LOAD_TIMES
from glasshouse.insight.questions.minimum_version import MINIMUM_VERSION
from glasshouse.insight.questions.organizations import ORGANIZATIONS
from glasshouse.insight.questions.page_paths import PAGE_PATHS
from glasshouse.insight.questions.page_views import PAGE_VIEWS
from glasshouse.insight.questions.peers import PEERS
from glasshouse.insight.questions.recommendations import RECOMMENDATIONS
from glasshouse.insight.questions.retention import RETENTION
from glasshouse.insight.questions.upgrades import UPGRADES
from glasshouse.insight.questions.version_adoption import VERSION_ADOPTION
from glasshouse.insight.questions.version_lag import VERSION_LAG

QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        ACTIVE_INSTANCES,
        LIFECYCLE,
        VERSION_ADOPTION,
        VERSION_LAG,
        UPGRADES,
        MINIMUM_VERSION,
        FIELD_DISTRIBUTION,
        CROSS_TABULATION,
        GEOGRAPHY,
        DEPLOYMENT_SIZES,
        FEATURE_ADOPTION,
        FEATURE_BREADTH,
        ORGANIZATIONS,
        RECOMMENDATIONS,
        PEERS,
        FUNNEL,
        RETENTION,
        PAGE_VIEWS,
        PAGE_PATHS,
        LOAD_TIMES,
        DATA_QUALITY,
        ADVISORY,
        ADVISORY_SPREAD,
        ADVISORY_ORGANIZATIONS,
        INSTANCES,
        INSTANCE_HISTORY,
        INSTANCE_VALUES,
    )
}
