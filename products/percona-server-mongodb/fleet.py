"""A simulated fleet: hosts on which Percona Server for MongoDB is installed, one report each; and
what the databases on a few of them tell every day.

Hosts are installed on working days more than at weekends and take releases up in waves; the
newest series wins ground. A few images were cloned together with their id, and a few clocks are
wrong, as in any real fleet. Databases are upgraded, missed for a day, and switched off for good.
"""

import random
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from glasshouse.simulation import Calendar, Release, Request, newest_release, run_fleet

PATH = "/v1/telemetry/GenericReport"
HEADERS = {"Glasshouse-Origin": "simulated"}  # the door has no keys
REPORTS_PER_REQUEST = 500

HOSTS_PER_WORKING_DAY = 62
HOSTS_PER_WEEKEND_DAY = 24
FROM_AN_IMAGE_OF_A_HOST = 0.01
WITH_A_WRONG_CLOCK = 0.004
IN_A_CONTAINER = 0.36
WITH_DAILY_METRICS = 0.02  # few, so that the fleet stays small
MISSES_A_DAY = 0.03
IS_SWITCHED_OFF = 0.005  # on any day

# Version names are real, the days are the simulation's.
SERIES = {
    "6.0": (Release("6.0.19-16", -60), Release("6.0.20-17", 12), Release("6.0.21-18", 55)),
    "7.0": (
        Release("7.0.15-9", -70), Release("7.0.16-10", -20), Release("7.0.17-10", 18),
        Release("7.0.18-11", 61),
    ),
    "8.0": (
        Release("8.0.4-1", -45), Release("8.0.4-2", 5), Release("8.0.8-3", 34),
        Release("8.0.12-4", 68),
    ),
}  # fmt: skip

PACKAGE_HOSTS = {
    ("Debian GNU/Linux 12 (bookworm)", "x86_64 unknown"): 16,
    ("Debian GNU/Linux 11 (bullseye)", "x86_64 unknown"): 6,
    ("Ubuntu 22.04.5 LTS", "x86_64 x86_64"): 22,
    ("Ubuntu 24.04.2 LTS", "x86_64 x86_64"): 12,
    ("Ubuntu 24.04.2 LTS", "aarch64 aarch64"): 4,
    ("Oracle Linux Server 8.10", "x86_64 x86_64"): 9,
    ("Oracle Linux Server 9.5", "x86_64 x86_64"): 6,
    ("Red Hat Enterprise Linux 8.10 (Ootpa)", "x86_64 x86_64"): 8,
    ("Red Hat Enterprise Linux 9.5 (Plow)", "x86_64 x86_64"): 7,
    ("Rocky Linux 9.5 (Blue Onyx)", "x86_64 x86_64"): 5,
    ("AlmaLinux 9.5 (Teal Serval)", "x86_64 x86_64"): 3,
    ("Amazon Linux 2023.6.20250218", "aarch64 aarch64"): 2,
    ("House Linux 4 (finance)", "x86_64 x86_64"): 1,  # a name of a site's own: stored as "other"
}
CONTAINER_HOSTS = {
    ("el9", "x86_64 x86_64"): 70,
    ("el9", "aarch64 aarch64"): 14,
    ("el8", "x86_64 x86_64"): 16,
}


class Host(NamedTuple):
    """What one installation would report."""

    instance: str
    at: datetime
    deployment: str
    version: str
    system: str
    hardware: str


def fleet(calendar: Calendar, seed: int, _key: str) -> Sequence[Request]:
    """The reports of all hosts, oldest first, in requests of the size a relay would send."""
    chance = random.Random(f"psmdb {seed}")
    hosts = list(_hosts(calendar, chance))
    made = [(host.at, _report(host, chance)) for host in hosts]
    # By dice of their own, so that the hosts are the same with and without them.
    dice = random.Random(f"psmdb daily {seed}")
    for host in hosts:
        if dice.random() < WITH_DAILY_METRICS:
            made += _daily(host, calendar, dice)
    made.sort(key=lambda pair: pair[0])
    reports = [report for _, report in made]
    return [
        Request(PATH, HEADERS, {"reports": part}, len(part))
        for part in (
            reports[start : start + REPORTS_PER_REQUEST]
            for start in range(0, len(reports), REPORTS_PER_REQUEST)
        )
    ]


def _hosts(calendar: Calendar, chance: random.Random) -> Iterator[Host]:
    known: list[Host] = []
    for day in range(calendar.days):
        usual = HOSTS_PER_WEEKEND_DAY if calendar.is_weekend(day) else HOSTS_PER_WORKING_DAY
        for _ in range(round(usual * chance.uniform(0.8, 1.2))):
            at = calendar.at(day, chance.triangular(0, 86_400, 50_000))
            if at is None:
                continue
            host = _host(day, calendar.days, at, chance)
            if known and chance.random() < FROM_AN_IMAGE_OF_A_HOST:
                host = host._replace(instance=chance.choice(known).instance)
            if chance.random() < WITH_A_WRONG_CLOCK:
                host = host._replace(at=_wrong(at, chance))
            known.append(host)
            yield host


def _host(day: int, days: int, at: datetime, chance: random.Random) -> Host:
    progress = day / days
    weights = (22 - 8 * progress, 48 - 18 * progress, 30 + 26 * progress)
    releases = SERIES[chance.choices(tuple(SERIES), weights)[0]]
    # Most take what the repository gives today; the rest pin what they have tested for weeks.
    lag = chance.uniform(0, 4) if chance.random() < 0.6 else chance.gammavariate(2, 12)
    in_container = chance.random() < IN_A_CONTAINER
    kinds = CONTAINER_HOSTS if in_container else PACKAGE_HOSTS
    system, hardware = chance.choices(tuple(kinds), tuple(kinds.values()))[0]
    return Host(
        instance=_uuid(chance),
        at=at,
        deployment="DOCKER" if in_container else "PACKAGE",
        version=newest_release(releases, day, lag),
        system=system,
        hardware=hardware,
    )


def _wrong(at: datetime, chance: random.Random) -> datetime:
    """A dead battery, a wrong time zone, a typing error."""
    battery = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(600))
    return chance.choice((battery, at - timedelta(hours=9), at.replace(year=2106)))


def _report(host: Host, chance: random.Random) -> dict[str, Any]:
    metrics = {
        "deployment": host.deployment,
        "pillar_version": host.version,
        "OS": host.system,
        "hardware_arch": host.hardware,
    }
    return _message(host.instance, host.at, metrics, chance)


def _daily(
    host: Host, calendar: Calendar, chance: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """From 24 hours after the installation on, once a day, until the database is switched off."""
    releases, lag = (
        SERIES[host.version.rpartition("-")[0].rpartition(".")[0]],
        chance.uniform(3, 40),
    )
    kept = {
        "source": chance.choices(("mongod", "mongos"), (9, 1))[0],
        "db_instance_id": f"{chance.getrandbits(128):032x}",
        "deployment": host.deployment,
    }
    if kept["source"] == "mongod":
        kept["storage_engine"] = chance.choices(("wiredTiger", "inMemory"), (30, 1))[0]
        kept["replication_state"] = chance.choices(("PRIMARY", "SECONDARY"), (5, 3))[0]
        kept["shard_svr"] = str(int(chance.random() < 0.2))
        kept["config_svr"] = "0"
    start = restarted = host.at
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    version = host.version
    for day in range(calendar.days):
        at = calendar.at(day, (start - midnight).total_seconds())
        if at is None or at < start + timedelta(days=1):
            continue
        if chance.random() < IS_SWITCHED_OFF:
            return
        newest = newest_release(releases, day, lag)
        if newest != version and at > start + timedelta(days=lag):
            version, restarted = newest, at - timedelta(hours=chance.randrange(1, 20))
        if chance.random() < MISSES_A_DAY:
            continue
        uptime = str(int((at - restarted).total_seconds()))
        told = {**kept, "pillar_version": version, "uptime": uptime}
        yield at, _message(host.instance, at, told, chance)


def _message(
    instance: str, at: datetime, metrics: Mapping[str, str], chance: random.Random
) -> dict[str, Any]:
    return {
        "id": _uuid(chance),
        "product_family": "PRODUCT_FAMILY_PSMDB",
        "instanceId": instance,
        "createTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "metrics": [{"key": key, "value": value} for key, value in metrics.items()],
    }


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "A simulated fleet of Percona Server for MongoDB."))
