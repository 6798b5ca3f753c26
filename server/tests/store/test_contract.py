"""What every engine of the store does, whatever it is made of.

On servers of 2018 times are whole seconds, and what their dialect lacks is skipped with a reason.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from parcels import (
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

from glasshouse.model import Origin, Position, Refusal
from glasshouse.store import QueryError, SchemaError
from glasshouse_sdk.manifest import parse_manifest

OLD_SERVERS = "servers of 2018 have no views for people, nor the functions that this asks with"


class Killed(BaseException):
    """The process ends here."""


def test_items_become_rows_and_what_follows_from_them(world):
    world.load(
        record(item(1, fields={"mode": "safe", "size": 7, "parts": []}), item(2, version="2.0")),
        record(item(3, "two", at=NOON + DAY), item(4, path=HOST, fields={"cores": 4})),
    )
    assert world.count() == 3
    assert sorted(world.values("size")) == [2, 3, 7]
    assert world.values("cores", HOST) == [4]
    assert world.outcomes() == {"received": 4, "stored": 4}
    found = world.store.rows("select n.id, n.kind from store.identities n order by n.id").rows
    assert [tuple(row) for row in found] == [("one", "instance"), ("two", "instance")]
    assert sum(items for _, _, items in days_of(world)) == 4
    assert {day for day, _, _ in days_of(world)} == {NOON.date(), (NOON + DAY).date()}
    assert world.store.position() == Position(0, 2)


def test_a_repeat_is_one_item_whenever_it_comes(world):
    first = item(1)
    world.load(record(first, item(2), first))  # twice in a record
    world.load(record(item(2), item(3)))  # in the next, and in another cycle
    world.reopen()
    late = item(1, at=NOON + timedelta(minutes=1), received=NOON + 5 * DAY, version="9.9")
    world.load(record(late, item(4)))  # days later, and its clock was corrected otherwise
    assert world.count() == 4
    assert world.count(condition="t.version = '9.9'") == 0  # the one received first is kept
    assert world.outcomes() == {"received": 7, "stored": 4, "duplicate": 3}
    assert [items for _, _, items in days_of(world)] == [4]


STEPS = (
    "read",
    "sift",
    "write portions",
    "read portions",
    "number identities",
    "insert rows",
    "note arrivals",
    "update accounting",
    "move position",
    "committed",
    "settle",
    "trim",
)


def test_a_loader_that_is_killed_anywhere_loses_nothing_and_counts_nothing_twice(world):
    for number, step in enumerate(STEPS):

        def end(name, step=step):
            if name == step:
                raise Killed(name)

        keys = range(10 * number, 10 * number + 10)
        refusals = [Refusal("rejected", "wrong_type", 1, RUN, "size")]
        payload = record(*(item(key, f"i{key % 7}") for key in keys), refusals=refusals)
        with pytest.raises(Killed, match=step):
            world.load(payload, watch=end)
        if number % 4 == 0:
            world.reopen()
        world.load()
        assert world.count() == 10 * number + 10, step
    assert world.outcomes() == {
        "received": 11 * len(STEPS),
        "stored": 10 * len(STEPS),
        "rejected": len(STEPS),
    }
    assert sum(items for _, _, items in days_of(world)) == 10 * len(STEPS)


def test_what_a_table_does_not_take_stops_nothing_else(world):
    bad = item(1, fields={"mode": "fast", "size": "seven"})
    world.load(record(item(2), bad), record(item(3)), record(item(4, path=HOST, fields={})))
    assert world.count() == 1  # that of the record without it: a block is refused as a whole
    assert world.outcomes() == {"received": 4, "stored": 2, "rejected": 2}
    assert list((world.data / "journal-aside").iterdir())


def test_what_is_refused_is_counted_by_day_and_shown(world):
    refusals = [
        Refusal("rejected", "wrong_type", 3, RUN, "size", "1.0"),
        Refusal("suppressed", "do_not_track", 2),
    ]
    world.load(record(item(1), refusals=refusals), record(refusals=refusals))
    assert world.outcomes() == {"received": 11, "stored": 1, "rejected": 6, "suppressed": 4}
    found = world.store.rows(
        "select r.version, r.reason, sum(r.items) from store.refused_days r "
        "group by r.version, r.reason order by r.reason"
    ).rows
    assert [tuple(row) for row in found] == [(None, "do_not_track", 4), ("1.0", "wrong_type", 6)]
    notes = world.store.rows("select r.reason, r.field from store.refusals r").rows
    assert set(map(tuple, notes)) == {("wrong_type", "size"), ("do_not_track", None)}


def test_tables_follow_newer_declarations(world):
    world.load(record(item(1, fields={"mode": "fast", "size": 1, "parts": [1]})))
    wider = """
    mode = { type = "enum", values = ["fast", "safe"], why = "w" }
    size = { type = "number", why = "w" }
    parts = { type = "list", of = "integer", why = "w" }
    kept = { type = "boolean", why = "w" }
    """
    world.store.ensure(parse_manifest(manifest(wider).decode()))
    later = NOON + timedelta(hours=1)
    world.load(record(item(2, at=later, fields={"mode": "safe", "size": 2.5, "kept": True})))
    assert world.values("size") == [1.0, 2.5]
    assert [None if kept is None else bool(kept) for kept in world.values("kept")] == [None, True]
    world.reopen()
    world.load(record(item(3, at=later + DAY, fields={"mode": "fast", "size": 3})))
    assert world.values("size") == [1.0, 2.5, 3.0]


def test_a_renamed_field_keeps_its_rows(world):
    world.load(record(item(1, fields={"mode": "fast", "size": 1})))
    renamed = FIELDS.replace("size = {", 'bytes = { was = "size",')
    world.catalogue.add(manifest(renamed))
    later = NOON + timedelta(hours=1)
    old_client = item(2, at=later, fields={"mode": "safe", "size": 2})
    new_client = item(3, at=later + DAY, fields={"mode": "safe", "bytes": 3})
    world.load(record(old_client, new_client))
    assert world.values("bytes") == [1, 2, 3]
    world.reopen()
    assert world.values("bytes") == [1, 2, 3]


def test_declarations_that_contradict_each_other_are_refused(world):
    world.load(record(item(1)))
    other = manifest(FIELDS.replace('"list", of = "integer"', '"boolean"')).decode()
    with pytest.raises(SchemaError, match="parts"):
        world.store.ensure(parse_manifest(other))
    world.load(record(item(2)))
    assert world.count() == 2


def test_an_erased_instance_is_gone_and_does_not_come_back(world):
    world.load(
        record(item(1), item(2, "two"), item(3, path=HOST, fields={"cores": 2})),
        record(item(4, "two", at=NOON + DAY), item(5, at=NOON + DAY)),
    )
    asked = erasure(world, "instance", "one")
    assert world.store.instances_of(asked) == ["one"]
    erased = world.store.erase(asked)
    assert dict(erased.items) == {RUN: 2, HOST: 1}
    assert erased.identities == 1
    assert world.store.erasures() == {"e1"}
    assert world.store.erase(asked).items == {}
    assert world.count() == 2
    assert [items for _, _, items in days_of(world)] == [1, 1]
    found = world.store.rows("select n.id from store.identities n").rows
    assert [row[0] for row in found] == ["two"]
    late = item(9, at=NOON + 2 * DAY, received=NOON + 20 * DAY)
    new = item(10, at=NOON + 11 * DAY)
    world.load(record(late, new))
    assert world.count() == 3
    assert world.outcomes()["suppressed"] == 1
    assert world.outcomes()["stored"] == 6  # counted still, although they are gone
    assert world.store.problems() == []


def test_the_bytes_of_what_was_erased_go_in_the_end(world):
    world.load(record(item(1), item(2, "two")))
    world.store.erase(erasure(world, "instance", "one"))
    assert world.store.rewrite_due()
    world.store.rewrite()
    assert not world.store.rewrite_due()
    assert world.count() == 1
    assert world.store.problems() == []


def test_an_erased_user_leaves_the_instance(world):
    of_user = {"identities": {"user": "ann"}}
    world.load(
        record(item(1, **of_user), item(2), item(3, "two", at=NOON - DAY, version="0.9", **of_user))
    )
    erased = world.store.erase(erasure(world, "user", "ann"))
    assert dict(erased.items) == {RUN: 2}
    assert erased.identities == 2  # hers, and the instance of which nothing else is known
    assert days_of(world) == [(NOON.date(), "1.0", 1)]
    world.load(record(item(4, **of_user)))
    assert world.count() == 1
    assert world.outcomes()["suppressed"] == 1


def test_an_erasure_of_some_days_leaves_the_others(world):
    world.load(record(*(item(n, at=NOON + n * DAY, version=f"1.{n}") for n in range(4))))
    since, until = ((NOON + n * DAY).replace(tzinfo=None) for n in (1, 3))
    erased = world.store.erase(erasure(world, "instance", "one", since=since, until=until))
    assert dict(erased.items) == {RUN: 2}
    assert erased.identities == 0
    assert [version for _, version, _ in days_of(world)] == ["1.0", "1.3"]
    found = world.store.rows(
        "select i.first_version, i.current_version from store.instances i"
    ).rows
    assert [tuple(row) for row in found] == [("1.0", "1.3")]


def test_many_instances_are_erased_together(world):
    world.load(record(*(item(n, f"i{n}") for n in range(6)), item(9, "i0")))
    wanted = [erasure(world, "instance", f"i{n}", number=n) for n in (0, 1, 7)]
    erased = world.store.erase_instances(wanted)
    assert {name: dict(each.items) for name, each in erased.items()} == {
        "e0": {RUN: 2},
        "e1": {RUN: 1},
        "e7": {},
    }
    assert world.count() == 4
    assert world.store.erasures() == {"e0", "e1", "e7"}
    assert world.outcomes() == {"received": 7, "stored": 7}


def test_a_product_or_an_origin_can_go(world):
    world.load(record(item(1), item(2, origin="simulated"), item(3, "two", origin="simulated")))
    assert world.store.erase_origin(PRODUCT, Origin.SIMULATED) == 2
    assert world.count() == 1
    assert [items for _, _, items in days_of(world)] == [1]
    assert dict(world.store.erase(erasure(world)).items) == {RUN: 1}
    assert world.count() == 0
    assert world.store.rows("select count(*) from store.identities n").rows[0][0] == 0
    world.load(record(item(5)))
    assert world.count() == 1


def test_what_is_kept_long_enough_goes(world):
    world.load(record(*(item(n, f"i{n % 2}", at=NOON + n * DAY) for n in range(6))))
    before = datetime(2026, 11, 12, tzinfo=UTC).replace(tzinfo=None)
    assert world.store.sweep(PRODUCT, RUN, before) == 2
    assert world.store.sweep(PRODUCT, RUN, before) == 0
    assert world.count() == 4
    assert len(days_of(world)) == 6  # what is known of instances has its own span
    assert world.outcomes() == {"received": 6, "stored": 6}
    assert world.store.sweep(PRODUCT, None, before) >= 2
    assert [day for day, _, _ in days_of(world)] == [date(2026, 11, n) for n in range(12, 16)]
    late = NOON.replace(tzinfo=None) + 9 * DAY
    assert world.store.sweep(PRODUCT, RUN, late) == 4
    world.store.sweep(PRODUCT, None, late)
    assert world.store.rows("select count(*) from store.identities n").rows[0][0] == 0


def test_what_is_held_about_somebody(world):
    fields = {"mode": "safe", "size": 3, "parts": [1, 2]}
    world.load(record(item(1, fields=fields, identities={"user": "ann"}), item(2, "two")))
    found = list(world.store.held(PRODUCT, "instance", "one"))
    assert [row["table"] for row in found] == [RUN, "instances", "instance_days"]
    assert found[0]["fields"] == fields
    assert (found[0]["instance"], found[0]["user"]) == ("one", "ann")
    assert found[0]["at"] == NOON.replace(tzinfo=None)
    assert found[2]["day"] == NOON.date()
    assert [row["table"] for row in world.store.held(PRODUCT, "user", "ann")] == [RUN]
    assert list(world.store.held(PRODUCT, "instance", "nobody")) == []


REACHING = (
    "select * from file('/etc/passwd')",
    "select * from url('http://127.0.0.1/', 'CSV', 'a String')",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select file('/etc/passwd')",
    "select * from remote('127.0.0.1', system.one)",
    "select * from system.tables",
    "select * from information_schema.tables",
    "insert into events select 1",
    "drop table events",
    "select 1; select 2",
    "create table t as select 1",
    "attach '/tmp/x'",
    "set memory_limit = '1TB'",
    "select 1 settings readonly = 0",
    "select 1 into outfile '/tmp/x'",
    "with x as (select * from file('/etc/passwd')) select * from x",
    "select 1 in (select * from mysql('h', 'd', 't', 'u', 'p'))",
    "select nonsense from",
    "",
)


def test_a_persons_query_reads_and_nothing_else(world):
    world.load(record(item(1), item(2, "two")))
    for text in REACHING:
        with pytest.raises(QueryError):
            world.store.sql(text)
    assert world.count() == 2


def test_a_persons_query_is_bounded(world):
    if world.engine == "servers":
        pytest.skip(OLD_SERVERS)
    world.load(record(item(1, "a"), item(2, "b"), item(3, "c")))
    found = world.store.sql(
        "select instance, current_version from instances order by instance", limit=2
    )
    assert [tuple(row) for row in found.rows] == [("a", "1.0"), ("b", "1.0")]
    assert found.cut
    typed = world.store.sql("select e.fields.mode, e.instance from acme.event_run as e order by 2")
    assert [tuple(row) for row in typed.rows] == [("fast", "a"), ("fast", "b"), ("fast", "c")]
    assert world.store.sql("select count(*) from events").rows[0][0] == 3
    slow = {
        "duckdb": "select count(*) from range(100000000000) a",
        "chdb": "select sum(sipHash64(number)) from numbers(100000000000)",
    }[world.engine]
    with pytest.raises(QueryError, match="longer"):
        world.store.sql(slow, seconds=1)


def test_two_loaders_of_the_same_records_count_them_once(world):
    if not world.store.collapses:
        pytest.skip("the embedded store has one loader")
    payloads = [record(*(item(10 * n + m, f"i{m}") for m in range(10))) for n in range(4)]
    world.stream.payloads += payloads
    behind = world.loader()  # has taken stock before the other one loads
    world.load()
    while behind.cycle().records:
        pass
    assert world.count() == 40
    assert world.outcomes() == {"received": 40, "stored": 40}


def test_partitions_have_positions_of_their_own(world):
    if not world.store.collapses:
        pytest.skip("the embedded journal has one partition")
    world.load(record(item(1)), record(item(2)))
    if world.engine == "chdb":
        world.store.close()  # one at a time has the directory
    other = world.open(1)
    assert other.position() == Position(0, 0)
    other.close()
    if world.engine == "chdb":
        world.store = world.open()
    assert world.store.position() == Position(0, 2)


def test_the_journal_forgets_what_is_loaded(world):
    world.load(record(item(1)), record(item(2)))
    assert world.stream.trimmed == Position(0, 2)
