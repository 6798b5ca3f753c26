"""Simulated use of consoles of Puppet Enterprise: page views and clicks.

Pages tell how long ago something was, and two days at most, so this fleet is of two days: the
other days of the calendar have no visits.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from glasshouse.simulation import Calendar, Request, run_fleet

PATH = "/v1/browser"
VISITS = 180
LONGEST = timedelta(hours=46)
VERSIONS = {"2016.5.1": 1, "2016.5.2": 4, "2017.1.0": 2}
LANGUAGES = {"en": 70, "de": 9, "ja": 8, "fr": 6, "other": 7}
SCREENS = ((1920, 1080), (1440, 900), (2560, 1440), (1280, 768))
MEDIAN_LOAD = {"/nodes": 900.0, "/": 260.0}
GROUP, NODE = "/classification/:group", "/nodes/:name"

# What people do on a visit: where they click what, and where that leads.
WALKS: Sequence[Sequence[tuple[str, str, str]]] = (
    (("/", "inventory", "link"), ("/nodes", "node", "link"), (NODE, "run-puppet", "button")),
    (("/", "classification", "link"), ("/classification", "group", "link"),
     (GROUP, "add-parameter", "button")),
    (("/", "classification", "link"), ("/classification", "group", "link"),
     (GROUP, "add-rule", "button"), (GROUP, "add-rule", "button")),
    (("/", "inventory", "link"), ("/nodes", "overview", "link")),
    (("/", "access-control", "link"), ("/users", "add-user", "button")),
)  # fmt: skip
OFTEN = (40, 14, 18, 22, 6)


def fleet(_calendar: Calendar, seed: int, key: str) -> Sequence[Request]:
    """A request a visit, as the relay of a console passes it on."""
    chance = random.Random(f"puppet-enterprise-console {seed}")
    requests = []
    for _ in range(VISITS):
        ago = timedelta(seconds=chance.uniform(600, LONGEST.total_seconds()))
        items = list(_items(ago, chance))
        headers = {"Glasshouse-Visit": _hex(chance), "Glasshouse-Origin": "simulated"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        document = {
            "product": "puppet-enterprise-console", "items": items,
            "version": chance.choices(tuple(VERSIONS), tuple(VERSIONS.values()))[0],
        }  # fmt: skip
        requests.append(Request(PATH, headers, document, len(items)))
    return requests


def _items(ago: timedelta, chance: random.Random) -> Iterator[dict[str, Any]]:
    width, height = chance.choice(SCREENS)
    browser = {
        "language": chance.choices(tuple(LANGUAGES), tuple(LANGUAGES.values()))[0],
        "screen_width": width, "screen_height": height,
        "viewport_width": width - 20, "viewport_height": height - 150,
    }  # fmt: skip
    seen = ""
    for number, (route, name, role) in enumerate(chance.choices(WALKS, OFTEN)[0]):
        since = max(ago.total_seconds() - number * 25, 0) * 1000
        if route != seen:
            median = MEDIAN_LOAD.get(route, 380.0)
            load = round(median * chance.lognormvariate(0, 0.5))
            view = {"route": route, "load_time": load, **browser}
            yield _item("page_view", view, since, chance)
            seen = route
        yield _item("click", {"name": name, "role": role, "route": route}, since - 9000, chance)


def _item(name: str, fields: dict[str, Any], ago: float, chance: random.Random) -> dict[str, Any]:
    return {"id": _hex(chance), "item": f"event.{name}", "ago": max(ago, 0), "fields": fields}


def _hex(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "Simulated use of consoles of Puppet Enterprise."))
