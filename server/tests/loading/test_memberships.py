"""Whose an instance is, at any moment, is what a look at every stored row would find."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from loading_world import T0, MemoryJournal, build, line, record

from glasshouse.insight.traits import members_sql
from glasshouse.store import ORGANIZATIONS, Erasure, Store
from glasshouse.store.engines.duckdb import applying
from glasshouse_sdk.manifest import Manifest

ORIGIN = "production"


def named(store: Store) -> list[tuple]:
    """(instance, organization, time), from the rows themselves."""
    return store.rows("""
        select instance, organization, "at" from forge."event.command_finished"
        where origin = 'production' and organization is not null order by "at"
    """).rows


def members(store: Store, manifest: Manifest, until: object) -> dict[int, int]:
    given = {"product": "forge", "origin": ORIGIN, "until": until}
    found = store.rows(members_sql(store, manifest), given).rows
    assert len({instance for instance, _ in found}) == len(found), "one row an instance"
    return dict(found)


def expected(store: Store, until: object) -> dict[int, int]:
    return {instance: of for instance, of, at in named(store) if at < until}


def moments() -> Iterator[object]:
    return (T0.replace(tzinfo=None) + timedelta(days=n) for n in (0, 10, 30, 50, 99))


@pytest.mark.parametrize("seed", [1, 2])
def test_members_whatever_comes_late_or_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(applying, "FOLD_ROWS", 40)
    chance = random.Random(seed)
    journal = MemoryJournal()
    loader, store, catalogue = build(tmp_path, journal)
    manifest = catalogue.product("forge").manifest
    for n in range(120):
        day = n / 1.5 if chance.random() < 0.7 else chance.uniform(0, n / 1.5 + 0.01)
        whose = chance.randrange(20)
        organization = None
        if chance.random() < 0.7:  # two instances of five go from one to another
            organization = f"of-{whose if whose % 5 > 1 else chance.randrange(4)}"
        journal.add(record({"event.command_finished": [(
            f"{n}",
            line(
                24 * day + chance.random(),
                f"instance-{whose}",
                origin=ORIGIN if chance.random() < 0.8 else "simulated",
                identities={"organization": organization} if organization else None,
            ),
        )]}))  # fmt: skip
        if chance.random() < 0.3:
            loader.cycle()
    loader.cycle()
    check(store, manifest)
    several = "select count(instance) - count(distinct instance) from store.memberships"
    assert store.rows(several).rows[0][0] > 1

    now = T0.replace(tzinfo=None) + timedelta(days=200)
    for kind, identity in (("organization", "of-2"), ("instance", "instance-3")):
        mark = store.mark("forge", kind, identity)
        store.erase(Erasure(f"erase {identity}", "forge", now, kind, mark))
        check(store, manifest)
    middle = [T0.replace(tzinfo=None) + timedelta(days=n) for n in (20, 40)]
    store.erase(Erasure("three weeks", "forge", now, since=middle[0], until=middle[1]))
    check(store, manifest)
    store.close()
    with duckdb.connect(tmp_path / "store" / "glasshouse.duckdb") as old:
        # As the layout before was, which kept none.
        old.execute("drop view store.memberships; drop table store.folded_memberships")
        for kind in ORGANIZATIONS:
            old.execute(f"alter table store.arrivals drop column {kind}")
        old.execute("update store.layout set number = 2")
    loader, store, _ = build(tmp_path, journal)
    check(store, manifest)

    # What items said is known for as long as their instance is; of one that went back to an earlier
    # organization, the one that was new last.
    swept = T0.replace(tzinfo=None) + timedelta(days=60)
    before = members(store, manifest, now)
    store.sweep("forge", "event.command_finished", swept)
    after = members(store, manifest, now)
    assert after.keys() == before.keys()
    assert sum(after[instance] != of for instance, of in before.items()) <= 2, "who went back"
    store.sweep("forge", None, now)
    assert members(store, manifest, now) == {}
    assert store.rows("select count(*) from store.memberships").rows == [(0,)]
    store.close()


def check(store: Store, manifest: Manifest) -> None:
    for until in moments():
        assert members(store, manifest, until) == expected(store, until), until
    dangling = """select count(*) from store.memberships m
                  anti join store.identities n on n.surrogate = m.identity"""
    assert store.rows(dangling).rows == [(0,)]
