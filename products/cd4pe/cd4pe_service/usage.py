"""What is told of the accounts: numbers, one record each, and nothing that somebody typed."""

from collections import Counter
from typing import Any

from cd4pe_service.inventory import CONTROL_REPO, MODULE, Inventory
from cd4pe_service.tables import PUPPET_ENTERPRISE

MOST_ACCOUNTS = 1000


def account_records(inventory: Inventory) -> list[dict[str, Any]]:
    """Of each active account. Ordered by what they hold: their order in the database would tell
    one report's record from the next one's.
    """
    records = [_record(inventory, each.id) for each in inventory.accounts() if each.is_active]
    records.sort(key=lambda record: [-record[name] for name in COUNTED])
    return records[:MOST_ACCOUNTS]


COUNTED = ("control_repos", "pipelines", "pipelines_with_impact_analysis", "modules")


def _record(inventory: Inventory, account: int) -> dict[str, Any]:
    repos = inventory.projects(account, CONTROL_REPO)
    modules = inventory.projects(account, MODULE)
    of_repos = [pipeline for repo in repos for pipeline in inventory.pipelines(repo.id)]
    of_modules = [pipeline for module in modules for pipeline in inventory.pipelines(module.id)]
    policies = Counter(
        deployment.policy
        for pipeline in (*of_repos, *of_modules)
        for deployment in inventory.deployments(pipeline.id)
    )
    systems = {integration.system for integration in inventory.integrations(account)}
    return {
        "control_repos": len(repos),
        "pipelines": len(of_repos),
        "pipelines_with_impact_analysis": sum(each.impact_analysis for each in of_repos),
        "modules": len(modules),
        "deployment_policies": dict(sorted(policies.items())),
        "puppet_enterprise": PUPPET_ENTERPRISE in systems,
        "source_control": sorted(systems - {PUPPET_ENTERPRISE}),
    }
