"""Proofs that several collectors share, in a real NATS cluster."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from glasshouse.collector import shared_proofs
from glasshouse.collector.proofs import ProofsUnavailableError
from glasshouse.collector.shared_proofs import SharedProofs

KEY = b"k" * 32
OURS, THEIRS = "a" * 64, "b" * 64

pytestmark = pytest.mark.xdist_group("nats")


def test_the_first_token_is_the_instances_everywhere(connect):
    here, there = SharedProofs(connect(), KEY), SharedProofs(connect(), KEY)
    assert here.allows("shop", "one", None)
    assert there.allows("shop", "one", OURS)
    assert there.allows("shop", "one", OURS)
    assert not there.allows("shop", "one", THEIRS)
    assert not here.allows("shop", "one", THEIRS)
    assert here.proves("shop", "one", OURS)
    assert not here.proves("shop", "one", THEIRS)
    assert here.allows("other", "one", THEIRS)


def test_of_those_who_come_at_once_one_is_first(connect):
    several = [SharedProofs(connect(), KEY) for _ in range(3)]
    tokens = [letter * 64 for letter in "abc"]
    with ThreadPoolExecutor(3) as pool:
        for number in range(10):
            instance = f"i{number}"
            allowed = pool.map(
                lambda pair, instance=instance: pair[0].allows("shop", instance, pair[1]),
                zip(several, tokens, strict=True),
            )
            assert sorted(allowed) == [False, False, True]


def test_what_was_registered_elsewhere_is_known_soon(connect):
    now = [0.0]
    here = SharedProofs(connect(), KEY, lambda: now[0])
    there = SharedProofs(connect(), KEY)
    assert here.allows("shop", "one", None)
    assert there.allows("shop", "one", OURS)
    now[0] = 11.0
    assert not here.allows("shop", "one", None)
    there.bury("shop", "one")
    now[0] = 22.0
    assert here.is_buried("shop", "one")
    assert not here.allows("shop", "one", OURS)


def test_an_erased_instance_leaves_no_verifier_in_any_stream(connect, nats):
    proofs = SharedProofs(connect(), KEY)
    proofs.allows("shop", "before", OURS)
    proofs.allows("shop", "one", OURS)
    proofs.allows("shop", "after", OURS)
    name = proofs._hash("shop", "one").hex().encode()
    stream = proofs._stream

    def held() -> int:
        blocks = [path for store in nats.stores for path in store.rglob(f"{stream}/msgs/*.blk")]
        return sum(name in path.read_bytes() for path in blocks)

    assert held() == 3, "the search finds it"
    proofs.forget("shop", ["one", "never seen"])
    give_up = time.monotonic() + 10
    while held():
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert proofs.allows("shop", "one", THEIRS)
    assert not proofs.allows("shop", "after", THEIRS)


def test_without_nats_requests_wait_and_the_door_is_not_held_up(connect, monkeypatch):
    monkeypatch.setattr(shared_proofs, "REST_SECONDS", 60.0)
    jetstream = connect()
    proofs = SharedProofs(jetstream, KEY)
    assert proofs.allows("shop", "known", OURS)
    jetstream.close()
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(ProofsUnavailableError):
            proofs.allows("shop", "one", OURS)
    assert time.monotonic() - started < 2
    assert proofs.allows("shop", "known", OURS), "what is remembered needs nobody"
    with pytest.raises(ProofsUnavailableError):
        proofs.bury("shop", "one")
