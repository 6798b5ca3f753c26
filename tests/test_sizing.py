"""The sizing page is what its figures make of it, and grows as fleets do."""

import itertools

from bench import sizing
from bench.costs import COSTS


def test_the_page_is_computed_from_the_costs():
    assert sizing.PAGE.read_text() == sizing.page(), "run python -m bench.sizing --write"


def test_every_cost_says_where_it_comes_from():
    assert all(cost.figure > 0 and cost.source for cost in COSTS)


def test_a_bigger_fleet_needs_no_fewer_machines():
    found = [sizing.cluster_of(fleet) for fleet in sizing.FLEETS]
    for smaller, bigger in itertools.pairwise(found):
        assert bigger.collectors >= smaller.collectors
        assert bigger.nats >= smaller.nats
        assert bigger.loaders >= smaller.loaders
        assert bigger.clickhouse >= smaller.clickhouse


def test_every_machine_is_busy_at_most_as_said():
    for fleet in sizing.FLEETS:
        made = sizing.cluster_of(fleet)
        for load in sizing.LOADS:
            cores = sizing.collector_cores(load(fleet))
            assert cores <= made.collectors * sizing.CORES * sizing.BUSY
        replica = made.clickhouse / sizing.REPLICAS * sizing.DISK * sizing.FULL
        assert sizing.stored(fleet) <= replica


def test_a_limit_is_where_its_share_is_one():
    for share in (sizing._loading_share, sizing._disk_share, sizing._doors_share):
        assert 0.9 < share(sizing._limit(share)) < 1.1
