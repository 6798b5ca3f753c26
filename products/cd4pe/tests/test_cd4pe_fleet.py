"""The simulated fleets of Continuous Delivery for PE and of its pages."""

import json
from collections import Counter
from datetime import datetime

import pytest
from cd4pe_container import PRODUCT, program

UNTIL = "2026-11-21T20:00:00Z"


def fleet(folder, *more):
    printed = program(folder / "fleet.py", "--print", "--until", UNTIL, *more)
    assert printed.returncode == 0, printed.stderr
    return [json.loads(line) for line in printed.stdout.splitlines()]


@pytest.mark.parametrize("folder", [PRODUCT, PRODUCT / "console"])
def test_the_fleets_are_the_same_for_the_same_seed_and_end(folder):
    assert fleet(folder, "--days", "15") == fleet(folder, "--days", "15")
    assert fleet(folder, "--days", "15") != fleet(folder, "--days", "15", "--seed", "2")


def test_the_fleet_behaves_like_one():
    items = [item for request in fleet(PRODUCT) for item in request["items"]]
    assert 3000 < len(items) < 6000
    assert 10 < len(items) - len({item["id"] for item in items}) < 100  # lost answers
    times = {}
    for item in items:
        times.setdefault(item["instance"], []).append(datetime.fromisoformat(item["at"]))
    gaps = [
        (later - before).days
        for each in times.values()
        for before, later in zip(sorted(each), sorted(each)[1:], strict=False)
        if (later - before).days < 1000  # wrong clocks
    ]
    assert Counter(gaps).most_common(1)[0][0] == 7
    assert max(gaps) > 10  # some were away
    new = [item for item in items if not item["identities"]]
    assert new
    assert {len(item["fields"]["accounts"]) for item in new} == {0}
    last = Counter(item["version"] for item in items if item["at"] > "2026-11-15")
    assert last["2.11.2"] > 25
    assert last["2.8.0"] == 0
