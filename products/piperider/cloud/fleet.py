"""Simulated visitors of PipeRider Cloud who have accepted; the others send nothing.

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
VISITS = 220
LONGEST = timedelta(hours=46)
VERSIONS = {"1.0.0": 3, "0.9.4": 1}
SOURCES = ("snowflake", "postgres", "bigquery", "duckdb", "redshift", "sqlite")
METRICS = ("rows", "columns", "empty", "passed")

# What people do on a visit: (route, item, its fields)
WALKS: Sequence[Sequence[tuple[str, str, dict[str, Any]]]] = (
    (("/", "", {}), ("/reports/:id", "", {})),
    (("/", "", {}), ("/reports/:id", "action", {"action": "upload_report"}),
     ("/reports/:id", "action", {"action": "share_report"})),
    (("/", "", {}), ("/trend", "trend_metric", {}), ("/trend", "trend_metric", {})),
    (("/compare", "", {}), ("/compare", "comparison", {})),
    (("/profile", "", {}), ("/profile", "action", {"action": "update_profile"})),
    (("/feedback", "action", {"action": "open_feedback"}),
     ("/", "action", {"action": "submit_feedback"})),
)  # fmt: skip


def fleet(_calendar: Calendar, seed: int, key: str) -> Sequence[Request]:
    """A request a visit, as the relay of the site passes it on."""
    chance = random.Random(f"piperider-cloud {seed}")
    requests = []
    for _ in range(VISITS):
        ago = timedelta(seconds=chance.uniform(600, LONGEST.total_seconds()))
        items = list(_items(ago, chance))
        headers = {"Authorization": f"Bearer {key}", "Glasshouse-Visit": _hex(chance)}
        version = chance.choices(tuple(VERSIONS), tuple(VERSIONS.values()))[0]
        document = {
            "product": "piperider-cloud", "consent": 1, "version": version, "items": items,
        }  # fmt: skip
        requests.append(Request(PATH, headers, document, len(items)))
    return requests


def _items(ago: timedelta, chance: random.Random) -> Iterator[dict[str, Any]]:
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("/login", "", {}),
        ("/", "action", {"action": "log_in"}),
    ]
    steps += chance.choice(WALKS)
    if chance.random() < 0.3:
        steps.append(("/login", "action", {"action": "log_out"}))
    for number, (route, item, fields) in enumerate(steps):
        since = max(ago.total_seconds() - number * 20, 0) * 1000
        yield _item("page_view", {"route": route}, since, chance)
        if item == "trend_metric":
            yield _item(item, {"metric": chance.choice(METRICS)}, since, chance)
        elif item == "comparison":
            sources = {"base": chance.choice(SOURCES), "target": chance.choice(SOURCES)}
            yield _item("action", {"action": "compare_reports"}, since, chance)
            yield _item(item, sources, since, chance)
        elif item:
            yield _item(item, fields, since, chance)


def _item(name: str, fields: dict[str, Any], ago: float, chance: random.Random) -> dict[str, Any]:
    return {"id": _hex(chance), "item": f"event.{name}", "ago": ago, "fields": fields}


def _hex(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "Simulated visitors of PipeRider Cloud."))
