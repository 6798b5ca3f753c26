"""A simulated fleet: installations that report when they first start, after upgrades, and weekly.

The first report of each is empty, for nobody has set it up yet. Accounts come, and what they hold
grows. Some installations stop for good, some are away for weeks, a few were cloned with their data
volume, a few clocks are wrong, and some reports are sent twice because the answer was lost.
"""

import random
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from glasshouse.simulation import Calendar, Life, Release, Request, life, newest_release, run_fleet
from glasshouse.simulation.delivery import wire_time
from glasshouse_sdk.manifest import read_manifest

MANIFEST = Path(__file__).with_name("manifest.toml")
PATH = "/v1/telemetry"
ITEMS_PER_REQUEST = 200
WEEK = 7

INSTALLATIONS = 240
INSTALLATIONS_OF_A_LICENSE = (1, 1, 1, 1, 2, 3)  # a test system beside, or two
CLONED = 0.02
WITH_A_WRONG_CLOCK = 0.01
SENT_TWICE = 0.01

# Version names are real, the days are the simulation's.
RELEASES = (
    Release("2.8.0", -90), Release("2.9.0", -40), Release("2.10.0", -4), Release("2.10.1", 9),
    Release("2.11.0", 38), Release("2.11.1", 59), Release("2.11.2", 80),
)  # fmt: skip
SYSTEMS = {
    "github": 30,
    "gitlab": 26,
    "bitbucket_server": 18,
    "azure_devops": 12,
    "github_enterprise": 10,
    "bitbucket_cloud": 4,
}
POLICIES = {
    "direct": 48,
    "eventual_consistency": 24,
    "temporary_branch": 13,
    "incremental_branch": 7,
    "blue_green_branch": 5,
    "custom": 3,
}


class Account(NamedTuple):
    """What an account holds on its last day; before, it has less of everything."""

    since: int
    repos: int
    pipelines: int
    analysed: float
    modules: int
    policies: tuple[str, ...]  # of each deployment, the oldest first
    systems: tuple[str, ...]


class Installation(NamedTuple):
    """`lag`: how many days late it takes releases up."""

    instance: str
    license: str
    lag: float
    life: Life
    second: float  # of the day, at which it reports
    skew: timedelta
    accounts: tuple[Account, ...]


def fleet(calendar: Calendar, seed: int, key: str) -> Sequence[Request]:
    """All reports, oldest first."""
    chance = random.Random(f"cd4pe {seed}")
    reports = [
        report
        for installation in _installations(calendar, chance)
        for report in _reports(installation, calendar, chance)
    ]
    reports += [report for report in reports if chance.random() < SENT_TWICE]
    reports.sort(key=lambda report: report[0])
    digest = read_manifest(MANIFEST).digest
    headers = {"Authorization": f"Bearer {key}"}
    parts = (
        [item for _, item in reports[start : start + ITEMS_PER_REQUEST]]
        for start in range(0, len(reports), ITEMS_PER_REQUEST)
    )
    return [
        Request(PATH, headers, {"manifest": digest, "items": part}, len(part)) for part in parts
    ]


def _installations(calendar: Calendar, chance: random.Random) -> Iterator[Installation]:
    for _ in range(INSTALLATIONS):
        license_uuid = _uuid(chance)
        lag = chance.gammavariate(2, 10)
        for _ in range(chance.choice(INSTALLATIONS_OF_A_LICENSE)):
            lived = life(chance, calendar.days)
            accounts = 1 + int(chance.expovariate(0.9))
            made = Installation(
                instance=_uuid(chance),
                license=license_uuid,
                lag=lag + chance.uniform(0, 4),
                life=lived,
                second=chance.uniform(0, 86_000),
                skew=_skew(chance),
                accounts=tuple(
                    _account(lived.first, calendar.days, chance) for _ in range(accounts)
                ),
            )
            yield made
            if chance.random() < CLONED:
                yield made._replace(lag=made.lag + 25, second=chance.uniform(0, 86_000))


def _account(first: int, days: int, chance: random.Random) -> Account:
    repos = 1 + int(chance.expovariate(0.5))
    pipelines = repos + int(chance.expovariate(0.6))
    deployments = pipelines * chance.randint(1, 3)
    policy = _one(POLICIES, chance)
    return Account(
        # Those of before the first day are all there; a new installation's come within weeks.
        since=-1 if first < 0 else min(first + chance.randint(0, 20), days),
        repos=repos,
        pipelines=pipelines,
        analysed=chance.choice((0.0, 0.0, 0.3, 0.6, 1.0)),
        modules=int(chance.lognormvariate(2.2, 1.0)),
        policies=tuple(
            policy if chance.random() < 0.7 else _one(POLICIES, chance) for _ in range(deployments)
        ),
        systems=tuple(sorted({_one(SYSTEMS, chance) for _ in range(chance.choice((1, 1, 1, 2)))})),
    )


def _reports(
    installation: Installation, calendar: Calendar, chance: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    version: str | None = None
    due = chance.randrange(WEEK)
    for day in range(calendar.days):
        if not installation.life.present(day):
            continue
        running = newest_release(RELEASES, day, installation.lag)
        is_first = day == installation.life.first
        is_upgraded = version is not None and running != version
        version = running
        at = calendar.at(day, installation.second)
        if at is None or not (is_first or is_upgraded or day >= due):
            continue
        due = day + WEEK
        yield at, _item(installation, calendar, day=day, at=at, chance=chance)


def _item(
    installation: Installation,
    calendar: Calendar,
    *,
    day: int,
    at: datetime,
    chance: random.Random,
) -> dict[str, Any]:
    is_set_up = day != installation.life.first
    accounts = [each for each in installation.accounts if is_set_up and each.since <= day]
    records = [_record(account, 0.6 + 0.4 * day / calendar.days) for account in accounts]
    records.sort(key=lambda record: (-record["control_repos"], -record["pipelines"]))
    return {
        "id": f"{chance.getrandbits(128):032x}",
        "item": "snapshot.installation",
        "at": wire_time(at + installation.skew),
        "instance": installation.instance,
        "version": newest_release(RELEASES, day, installation.lag),
        "identities": {"license": installation.license} if is_set_up else {},
        "fields": {"accounts": records},
    }


def _record(account: Account, share: float) -> dict[str, Any]:
    pipelines = max(round(account.pipelines * share), 1)
    policies = account.policies[: max(round(len(account.policies) * share), 1)]
    return {
        "control_repos": max(round(account.repos * share), 1),
        "pipelines": pipelines,
        "pipelines_with_impact_analysis": round(pipelines * account.analysed),
        "modules": round(account.modules * share),
        "deployment_policies": {name: policies.count(name) for name in sorted(set(policies))},
        "puppet_enterprise": True,
        "source_control": sorted(account.systems),
    }


def _skew(chance: random.Random) -> timedelta:
    """A wrong time zone, a dead battery."""
    if chance.random() >= WITH_A_WRONG_CLOCK:
        return timedelta()
    return chance.choice((timedelta(hours=-8), timedelta(hours=3), timedelta(days=-2900)))


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _one(weights: dict[str, int], chance: random.Random) -> str:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "A simulated fleet of Continuous Delivery for PE."))
