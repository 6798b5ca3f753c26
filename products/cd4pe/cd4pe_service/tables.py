"""The tables, under the prefix that the container is started with."""

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, ForeignKey, Integer, MetaData, String, Table, Text

SYSTEMS = {
    "azure_devops": "Azure DevOps",
    "bitbucket_cloud": "Bitbucket Cloud",
    "bitbucket_server": "Bitbucket Server",
    "github": "GitHub",
    "github_enterprise": "GitHub Enterprise",
    "gitlab": "GitLab",
}
PUPPET_ENTERPRISE = "puppet_enterprise"
POLICIES = {
    "direct": "Direct",
    "temporary_branch": "Temporary branch",
    "eventual_consistency": "Eventual consistency",
    "blue_green_branch": "Blue-green branch",
    "incremental_branch": "Incremental branch",
    "custom": "Custom",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """`facts` is the installation's own: how far its set-up is, and its license."""

    metadata: MetaData
    facts: Table
    accounts: Table
    projects: Table
    pipelines: Table
    deployments: Table
    jobs: Table
    integrations: Table


def tables(prefix: str) -> Tables:
    metadata = MetaData()

    def table(name: str, *columns: Column[object]) -> Table:
        return Table(prefix + name, metadata, *columns)

    def number() -> Column[object]:
        return Column("id", Integer, primary_key=True)

    def of(other: Table) -> Column[object]:
        return Column("of", ForeignKey(other.c.id), nullable=False, index=True)

    def text(name: str) -> Column[object]:
        return Column(name, String(200), nullable=False)

    facts = table("facts", Column("name", String(50), primary_key=True), text("value"))
    accounts = table(
        "accounts", number(), text("name"), text("email"), text("company"), text("password"),
        Column("is_root", Boolean, nullable=False), Column("is_active", Boolean, nullable=False),
    )  # fmt: skip
    projects = table("projects", number(), of(accounts), text("kind"), text("name"))
    pipelines = table(
        "pipelines", number(), of(projects), text("name"),
        Column("impact_analysis", Boolean, nullable=False),
    )  # fmt: skip
    return Tables(
        metadata=metadata,
        facts=facts,
        accounts=accounts,
        projects=projects,
        pipelines=pipelines,
        deployments=table(
            "deployments", number(), of(pipelines), text("policy"), text("node_group")
        ),
        jobs=table("jobs", number(), of(pipelines), text("name"), text("hardware")),
        integrations=table(
            "integrations", number(), of(accounts), text("system"), text("server"),
            Column("sealed_token", Text, nullable=False),
        ),
    )  # fmt: skip
