"""Simulated visits of the pages of Continuous Delivery for PE: setting up, integrating, working.

Pages tell how long ago something was, and two days at most, so this fleet is of two days: the
other days of the calendar have no visits. Some installations sit behind networks that take long.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from glasshouse.simulation import Calendar, Request, run_fleet

PATH = "/v1/browser"
VISITS = 260
LONGEST = timedelta(hours=46)
SETS_UP = 0.25
RELEASES = {"2.11.2": 5, "2.11.1": 3, "2.10.1": 1}
SET_UP = ("opened", "root_account", "storage", "license", "user_account", "finished")
INTEGRATION = ("opened", "server", "credentials", "configured")
# How many of those that reached a step go on to the next.
GOES_ON = {"root_account": 0.94, "storage": 0.97, "license": 0.71, "user_account": 0.96,
           "finished": 1.0, "server": 0.85, "credentials": 0.62, "configured": 0.9}  # fmt: skip
SYSTEMS = {
    "github": 30,
    "gitlab": 26,
    "bitbucket_server": 18,
    "azure_devops": 12,
    "github_enterprise": 10,
    "bitbucket_cloud": 4,
}
PAGES = {
    "/": 30,
    "/control-repos/:id": 46,
    "/modules": 8,
    "/modules/:id": 9,
    "/integrations": 5,
    "/analytics": 2,
}

Step = tuple[str, dict[str, Any]]


def fleet(_calendar: Calendar, seed: int, key: str) -> Sequence[Request]:
    """A request a visit, as the relay of an installation passes it on."""
    chance = random.Random(f"cd4pe-console {seed}")
    requests = []
    for _ in range(VISITS):
        ago = timedelta(seconds=chance.uniform(3600, LONGEST.total_seconds()))
        items = list(_items(ago.total_seconds(), chance))
        headers = {"Authorization": f"Bearer {key}", "Glasshouse-Visit": _hex(chance)}
        document = {
            "product": "cd4pe-console", "version": _one(RELEASES, chance), "items": items,
        }  # fmt: skip
        requests.append(Request(PATH, headers, document, len(items)))
    return requests


def _items(since: float, chance: random.Random) -> Iterator[dict[str, Any]]:
    for name, fields in _steps(chance):
        yield {"id": _hex(chance), "item": name, "ago": max(since, 0) * 1000, "fields": fields}
        since -= chance.uniform(2, 40)


def _steps(chance: random.Random) -> Iterator[Step]:
    if chance.random() < SETS_UP:
        reached = _reached(SET_UP, chance)
        for step in reached:
            yield _view("/" if step == "finished" else "/setup/:step")
            yield "event.set_up", {"step": step}
        if reached[-1] != "finished":
            return
        yield from _integrating("event.pe_integration", {}, chance)
        system = {"system": _one(SYSTEMS, chance)}
        yield from _integrating("event.source_control_integration", system, chance)
    else:
        yield _view("/login")
    for _ in range(chance.randint(1, 9)):
        yield _view(_one(PAGES, chance))


def _integrating(item: str, more: dict[str, Any], chance: random.Random) -> Iterator[Step]:
    yield _view("/integrations")
    for step in _reached(INTEGRATION, chance):
        yield _view("/integrations" if step == "configured" else "/integrations/:system")
        yield item, {"step": step, **more}


def _reached(steps: Sequence[str], chance: random.Random) -> list[str]:
    reached = [steps[0]]
    for step in steps[1:]:
        if chance.random() > GOES_ON[step]:
            break
        reached.append(step)
    return reached


def _view(route: str) -> Step:
    return "event.page_view", {"route": route}


def _hex(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _one(weights: dict[str, int], chance: random.Random) -> str:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "Simulated visits of the pages of Continuous Delivery for PE."))
