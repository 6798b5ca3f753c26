"""A simulated fleet: controllers of some forty organizations, with daily check-ins and builds.

Organizations upgrade when they are ready, one controller after the other; builds all but stop at
weekends, and some controllers are shut down then. As in any real fleet, two controllers were
restored from a backup next to the original, one has its clock years ahead, some messages are sent
twice because the answer was lost, and a plugin sends an event that nobody has declared.
"""

import hashlib
import random
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from glasshouse.simulation import Calendar, Life, Release, Request, life, newest_release, run_fleet
from glasshouse.simulation.delivery import wire_time

PATH = "/v1/batch"
ITEMS_PER_REQUEST = 500

ORGANIZATIONS = 38
MOST_CONTROLLERS = 9
BUILDS_A_DAY = 1.1  # a hundredth of the real, so that the demo is full in seconds
AT_THE_WEEKEND = 0.22
SENT_TWICE = 0.004
UNDECLARED = 0.0015
CLOCK_AHEAD = timedelta(days=1157)

# Version names are real, the days are the simulation's.
RELEASES = (
    Release("2.462.3.3", -90), Release("2.479.1.4", -34), Release("2.479.2.3", 6),
    Release("2.479.3.1", 33), Release("2.492.1.3", 60), Release("2.492.2.3", 82),
)  # fmt: skip
CLOUDS = {"aws": 46, "azure": 18, "google": 12, "none": 21, "other": 3}
SYSTEMS = {"linux": 93, "windows": 6, "other": 1}
RESULTS = {"SUCCESS": 80, "FAILURE": 12, "UNSTABLE": 4, "ABORTED": 3, "NOT_BUILT": 1}
PLUGINS = {"pipeline": 0.85, "rbac": 0.6}
LICENSED_USERS = (10, 50, 100, 500, 1000)


class Controller(NamedTuple):
    """A running copy of the product, and its habits."""

    instance: str
    organization: str
    product: str
    lag: float
    life: Life
    system: str
    cloud: str
    users: int
    minute: int  # of the day, at which it checks in
    builds: float  # a working day
    sleeps_at_weekends: bool
    jobs: tuple[str, ...]
    plugins: frozenset[str]  # of those that declare events


def fleet(calendar: Calendar, seed: int, key: str) -> Sequence[Request]:
    """All messages, oldest first; those of the wrong clock in requests of their own."""
    chance = random.Random(f"cloudbees-ci {seed}")
    controllers = list(_controllers(calendar, chance))
    ahead = controllers[1].instance
    controllers += [_restored(original, chance) for original in controllers[2:4]]
    messages = [
        (at, message)
        for controller in controllers
        for at, message in _messages(controller, calendar, chance)
    ]
    messages += [message for message in messages if chance.random() < SENT_TWICE]
    messages.sort(key=lambda pair: pair[0])
    right = [(at, message) for at, message in messages if message["anonymousId"] != ahead]
    wrong = [(at, message) for at, message in messages if message["anonymousId"] == ahead]
    return [*_requests(right, key, timedelta()), *_requests(wrong, key, CLOCK_AHEAD)]


def _controllers(calendar: Calendar, chance: random.Random) -> Iterator[Controller]:
    for _ in range(ORGANIZATIONS):
        organization = f"org-{chance.getrandbits(32):08x}"
        lag = chance.gammavariate(2, 9)
        cloud = chance.choices(tuple(CLOUDS), tuple(CLOUDS.values()))[0]
        users = chance.choice(LICENSED_USERS)
        for number in range(chance.randint(2, MOST_CONTROLLERS)):
            is_center = number == 0
            yield Controller(
                instance=_hash("instance", chance),
                organization=organization,
                product="CloudBees CI Operations Center" if is_center else "CloudBees CI",
                lag=lag + chance.uniform(0, 12),
                life=life(chance, calendar.days),
                system=chance.choices(tuple(SYSTEMS), tuple(SYSTEMS.values()))[0],
                cloud=cloud,
                users=users,
                minute=chance.randrange(24 * 60),
                builds=0.0 if is_center else chance.gammavariate(1.5, BUILDS_A_DAY / 1.5),
                sleeps_at_weekends=not is_center and chance.random() < 0.15,
                jobs=tuple(_hash("job", chance) for _ in range(chance.randint(3, 12))),
                plugins=frozenset(
                    name for name, share in PLUGINS.items() if chance.random() < share
                ),
            )


def _restored(original: Controller, chance: random.Random) -> Controller:
    """A copy brought up from a backup: the same id, another machine, an older version."""
    return original._replace(lag=original.lag + 30, system="linux", minute=chance.randrange(1440))


def _messages(
    controller: Controller, calendar: Calendar, chance: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    started = 0
    for day in range(calendar.days):
        asleep = controller.sleeps_at_weekends and calendar.is_weekend(day)
        if asleep or not controller.life.present(day):
            started = day + 1
            continue
        if chance.random() < 0.03:
            started = day
        at = calendar.at(day, controller.minute * 60 + chance.uniform(0, 30))
        if at is not None:
            yield at, _check_in(controller, day, day - started, chance)
        if at is not None and (day + controller.minute) % 7 == 0:
            for event, properties in _used(controller, chance):
                yield at, _track(event, controller, day, properties, chance)
        busy = AT_THE_WEEKEND if calendar.is_weekend(day) else 1.0
        for _ in range(_count(controller.builds * busy, chance)):
            at = calendar.at(day, chance.triangular(0, 86_400, 45_000))
            if at is not None:
                yield at, _build(controller, day, chance)
                if chance.random() < UNDECLARED:
                    yield at, _track("Beekeeper Exception", controller, day, {}, chance)


def _used(controller: Controller, chance: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Once a week, so that the demo is full in seconds: work done, and what the plugins tell."""
    runs = _count(controller.builds * 500, chance)
    yield "Job Runs", {"runs": runs, "succeeded": round(runs * chance.uniform(0.7, 0.95))}
    if "pipeline" in controller.plugins:
        steps = runs * chance.randint(4, 30)
        failed = round(steps * chance.uniform(0, 0.04))
        yield "Pipeline Steps Completed", {"steps": steps, "failed": failed}
    if "rbac" in controller.plugins:
        yield "RBAC Use", {"in_use": controller.minute % 3 > 0}


def _check_in(
    controller: Controller, day: int, days_up: int, chance: random.Random
) -> dict[str, Any]:
    properties = {
        "os": controller.system,
        "uptime": days_up * 86_400 + 60,
        "licensedUsers": controller.users,
        "cloudProvider": controller.cloud,
    }
    return _track("Instance Check-in", controller, day, properties, chance)


def _build(controller: Controller, day: int, chance: random.Random) -> dict[str, Any]:
    properties = {
        "result": chance.choices(tuple(RESULTS), tuple(RESULTS.values()))[0],
        "duration": round(chance.lognormvariate(4.6, 1.1), 1),
        "jobName": chance.choice(controller.jobs),
    }
    return _track("Build Completed", controller, day, properties, chance)


def _track(
    event: str,
    controller: Controller,
    day: int,
    properties: dict[str, Any],
    chance: random.Random,
) -> dict[str, Any]:
    every = {
        "productName": controller.product,
        "productVersion": newest_release(RELEASES, day, controller.lag),
    }
    return {
        "type": "track",
        "event": event,
        "anonymousId": controller.instance,
        "properties": {**every, **properties},
        "context": {"groupId": controller.organization},
        "messageId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    }


def _requests(
    messages: Sequence[tuple[datetime, dict[str, Any]]], key: str, skew: timedelta
) -> Iterator[Request]:
    for start in range(0, len(messages), ITEMS_PER_REQUEST):
        batch = [
            {**message, "timestamp": wire_time(at + skew)}
            for at, message in messages[start : start + ITEMS_PER_REQUEST]
        ]
        document = {"batch": batch, "writeKey": key}
        yield Request(PATH, {}, document, len(batch), stamp="sentAt", skew=skew)


def _hash(what: str, chance: random.Random) -> str:
    """As the plugin's keyed hashes look: 32 hex digits."""
    return hashlib.blake2b(f"{what} {chance.getrandbits(128)}".encode(), digest_size=16).hexdigest()


def _count(mean: float, chance: random.Random) -> int:
    """How many of something that happens `mean` times a day (Poisson)."""
    count, passed = 0, chance.expovariate(1.0)
    while passed < mean:
        count, passed = count + 1, passed + chance.expovariate(1.0)
    return count


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "A simulated fleet of CloudBees CI."))
