"""What only real servers show: shards, replicas, what survives them, and where bytes lie."""

import time
from pathlib import Path

import pytest
from parcels import (
    ASKED,
    DAY,
    FIELDS,
    HOST,
    NOON,
    PRODUCT,
    RUN,
    days_of,
    erasure,
    item,
    manifest,
    record,
)

from glasshouse.model import Position
from glasshouse.store import StoreUnavailableError
from glasshouse_sdk.manifest import parse_manifest

pytestmark = pytest.mark.xdist_group("clickhouse")

ROWS = 'select count(*) from "{database}_acme"."rows.event.run" final'


@pytest.fixture(params=["servers"])
def engine(request):
    return request.param


def asked_of_each(world, query):
    """What each node itself says, in the order of the nodes."""
    store = world.store
    text = query.format(database=store._databases.name)
    return [store._link.ask_node(node, text).rows[0][0] for node in store._link.nodes]


def test_an_instance_is_on_one_shard_and_on_all_its_replicas(world):
    world.load(record(*(item(n, f"i{n % 20}") for n in range(200))))
    one, its_replica, other, others_replica = asked_of_each(world, ROWS)
    assert one + other == 200
    assert 20 < one < 180
    assert (one, other) == (its_replica, others_replica)
    instances = 'select uniqExact(instance) from "{database}_acme"."rows.event.run"'
    shares = asked_of_each(world, instances)
    assert shares[0] + shares[2] == 20  # none on both


def test_a_position_is_noted_when_two_replicas_have_the_rows(world, servers):
    world.load(record(*(item(n, f"i{n}") for n in range(20))))
    servers.nodes["s1r2"].kill()
    world.load(record(*(item(n, f"i{n}") for n in range(20, 40))))
    assert world.count() == 40  # asked about already
    assert world.store.position() == Position(0, 1)
    assert world.stream.trimmed == Position(0, 1)  # the journal has the second one still
    assert world.outcomes() == {"received": 40, "stored": 20, "waiting": 20}
    servers.start()
    world.load(record(*(item(n, f"i{n}") for n in range(40, 60))))
    assert world.store.position() == Position(0, 3)
    assert world.stream.trimmed == Position(0, 3)
    assert world.outcomes() == {"received": 60, "stored": 60}
    assert len(set(asked_of_each(world, ROWS)[:2])) == 1


def test_a_table_is_made_on_a_server_that_was_away(world, servers):
    servers.nodes["s2r1"].kill()
    world.load(record(*(item(n, f"i{n}", path=HOST, fields={"cores": n}) for n in range(20))))
    assert world.count(HOST) == 20
    servers.start()
    for node in list(world.store._schema._behind):
        world.store._schema._behind[node] = 0.0
    world.load(record(item(50, path=HOST, fields={"cores": 1})))
    there = "select count(*) from system.tables where database = '{database}_acme'"
    assert len(set(asked_of_each(world, there))) == 1
    assert world.store.problems() == []


def test_without_zookeeper_nothing_is_lost(world, servers):
    world.load(record(item(1)))
    servers.zookeeper.kill()
    with pytest.raises(StoreUnavailableError):
        world.load(record(item(2)))
    servers.start()
    give_up = time.monotonic() + 120  # a busy machine's servers take a while to find it again
    while True:
        try:
            world.load()
            break
        except StoreUnavailableError:
            assert time.monotonic() < give_up
            time.sleep(0.2)
            world.store.reopen()
    assert world.count() == 2
    assert world.outcomes() == {"received": 2, "stored": 2}


def test_an_erasure_waits_for_all_replicas(world, servers):
    world.load(record(item(1), item(2, "two")))
    servers.nodes["s1r2"].kill()
    servers.nodes["s2r2"].kill()
    asked = erasure(world, "instance", "one")
    with pytest.raises(StoreUnavailableError):
        world.store.erase(asked)
    assert world.store.erasures() == frozenset()
    world.load(record(item(3)))  # and meanwhile nothing of it is let in
    assert world.outcomes().get("suppressed", 0) + world.outcomes().get("waiting", 0) == 1
    servers.start()
    world.store.erase(asked)
    assert world.store.erasures() == {"e1"}
    assert world.count() == 1


def files_with(directories: list[Path], *texts: str) -> list[Path]:
    wanted = [text.encode() for text in texts]
    return [
        path
        for directory in directories
        for path in directory.rglob("*")
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    ]


def test_no_byte_of_an_erased_instance_stays_on_any_server(world, servers):
    name, mode = "instance-to-be-forgotten-7f3a", "said-by-the-forgotten-one"
    fields = {"mode": mode, "size": 1}
    world.load(record(*(item(n, f"other-{n}") for n in range(50))))
    world.load(record(item(100, name, fields=fields), item(101, name, path=HOST, fields={})))
    found = files_with(servers.directories, name, mode)
    assert {node for node in servers.nodes for path in found if f"/{node}/" in str(path)} >= {
        f"s{shard}r{replica}" for shard in _shards_of(found) for replica in (1, 2)
    }
    assert found
    world.store.erase(erasure(world, "instance", name))
    world.store.rewrite()
    assert files_with(servers.directories, name, mode) == []
    late = item(102, name, fields=fields, received=NOON + 20 * DAY)
    world.load(record(late))
    assert world.count() == 50
    assert files_with(servers.directories, name, mode) == []
    assert world.outcomes() == {"received": 53, "stored": 52, "suppressed": 1}


def _shards_of(paths):
    return {
        part[1] for path in paths for part in path.parts if part[:1] == "s" and part[2:3] == "r"
    }


def test_what_a_slow_loader_brings_after_an_erasure_goes_when_asked_again(world):
    world.load(record(item(1), item(2, "two")))
    asked = erasure(world, "instance", "one")
    knew_nothing = world.store._erased()
    world.store.erase(asked)
    world.stream.payloads.append(record(item(3)))
    world.store._erased = lambda: knew_nothing  # read before the erasure was noted
    world.load()
    del world.store._erased
    assert world.count() == 2
    assert dict(world.store.erase(asked).items) == {RUN: 1}
    assert world.count() == 1
    new = item(4, at=ASKED.replace(tzinfo=NOON.tzinfo) + DAY)
    world.load(record(new))
    assert world.store.erase(asked).items == {}
    assert world.count() == 2
    assert [items for _, _, items in days_of(world)] == [1, 1]


def test_processes_widen_the_same_table_and_know_of_it(world):
    other = world.open(1)
    fields = '{name} = {{ type = "integer", why = "w" }}\n'
    for store, name in ((world.store, "mine"), (other, "theirs")):
        store.ensure(parse_manifest(manifest(FIELDS + fields.format(name=name)).decode()))
    world.load(record(item(1, fields={"mode": "fast", "mine": 1, "theirs": 2})))
    assert world.values("mine") == [1]
    assert world.values("theirs") == [2]
    assert other.item_table(PRODUCT, RUN) == world.store.item_table(PRODUCT, RUN)
    other.close()
