"""Buckets: a limit holds over time, and one product's flood leaves the others their share."""

import pytest

from glasshouse.collector.pace import Pace, TooFastError


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def sent(pace, clock, demands, seconds, tick=0.1):
    """Items taken in so many seconds, by product, of those that each tries to send in one."""
    taken = dict.fromkeys(demands, 0)
    for _ in range(int(seconds / tick)):
        clock.now += tick
        for product, demand in demands.items():
            try:
                pace.admit_product(product, int(demand * tick), None)
            except TooFastError:
                continue
            taken[product] += int(demand * tick)
    return taken


def test_a_flood_takes_what_is_left_and_never_anothers_share():
    clock = Clock()
    pace = Pace(clock, most=1000)
    sent(pace, clock, {"flood": 5000, "steady": 400, "quiet": 10}, 60)  # savings are used up
    taken = sent(pace, clock, {"flood": 5000, "steady": 300, "quiet": 10}, 60)
    assert taken["steady"] == 300 * 60
    assert taken["quiet"] == 10 * 60
    assert 0.9 * 690 * 60 < taken["flood"] <= 1.05 * 690 * 60


def test_who_sends_nothing_leaves_everything():
    clock = Clock()
    pace = Pace(clock, most=1000)
    sent(pace, clock, {"a": 100_000, "b": 100_000}, 30)
    taken = sent(pace, clock, {"a": 900}, 60)
    assert taken["a"] > 0.9 * 900 * 60


def test_the_wait_is_long_enough():
    clock = Clock()
    pace = Pace(clock)
    pace.admit_product("a", 20, 2.0)
    with pytest.raises(TooFastError) as refused:
        pace.admit_product("a", 10, 2.0)
    clock.now += refused.value.seconds
    pace.admit_product("a", 10, 2.0)


def test_a_request_larger_than_the_bucket_is_taken_once_it_is_full():
    clock = Clock()
    pace = Pace(clock)
    pace.admit_product("a", 5000, 2.0)
    with pytest.raises(TooFastError) as refused:
        pace.admit_product("a", 1, 2.0)
    assert refused.value.seconds > 2000


def test_a_clock_that_stands_still_or_jumps_back_gives_nothing():
    clock = Clock()
    clock.now = 100.0
    pace = Pace(clock)
    pace.admit_product("a", 20, 2.0)
    clock.now = 0.0
    with pytest.raises(TooFastError):
        pace.admit_product("a", 1, 2.0)
