"""Leases on partitions, in a real NATS cluster."""

import time

import pytest

from glasshouse.loading import leases
from glasshouse.loading.leases import Leases

NAMES = ["0", "1", "2", "3"]

pytestmark = pytest.mark.xdist_group("nats")


def in_turns(several: list[Leases], rounds: int = 3) -> list[frozenset[str]]:
    for _ in range(rounds):
        held = [each.renew() for each in several]
    return held


def test_one_loader_has_all_of_them(jetstream):
    assert Leases(jetstream, NAMES).renew() == set(NAMES)


def test_loaders_share_and_nobody_has_what_another_has(connect):
    first, second, third = (Leases(connect(), NAMES) for _ in range(3))
    assert first.renew() == set(NAMES)
    held = in_turns([first, second, third])
    assert sorted(map(len, held)) == [1, 1, 2]
    assert frozenset().union(*held) == set(NAMES)
    second.release()
    assert second.held() == set()
    held = in_turns([first, third])
    assert sorted(map(len, held)) == [2, 2]
    assert frozenset().union(*held) == set(NAMES)


def test_who_dies_loses_them_in_seconds(connect, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    first, second = Leases(connect(), NAMES), Leases(connect(), NAMES)
    in_turns([first, second])
    give_up = time.monotonic() + 15
    while len(second.renew()) < len(NAMES):
        assert time.monotonic() < give_up
        time.sleep(0.3)
    assert first.held() == set(), "it knows itself, without NATS"


def test_without_a_majority_leases_end_and_come_back(nats, jetstream, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    loader = Leases(jetstream, NAMES)
    assert loader.renew() == set(NAMES)
    *killed, _ = nats.nodes.values()
    for node in killed:
        node.kill()
    time.sleep(2.1)
    assert loader.renew() == set()
    nats.start()
    give_up = time.monotonic() + 30
    while len(loader.renew()) < len(NAMES):
        assert time.monotonic() < give_up


@pytest.mark.slow
def test_servers_that_are_killed_are_current_again(nats, connect, monkeypatch):
    """Streams of leases in memory would not be: the first rounds leave a server behind for ever."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    jetstream = connect()
    loaders = [Leases(jetstream, NAMES, group=f"leases{n}") for n in range(4)]
    in_turns(loaders, 1)
    nodes = list(nats.nodes.values())
    for stopped in ([nodes[0]], [nodes[1], nodes[2]], [nodes[2]], [nodes[0], nodes[1]]):
        for node in stopped:
            node.kill()
        time.sleep(1)
        in_turns(loaders[:2], 1)
        nats.start()
    assert set().union(*(loader.renew() for loader in loaders)) == set(NAMES)
