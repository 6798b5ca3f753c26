"""What is derived of instances is, at any moment, what a look at every stored row would find."""

import random
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from loading_world import T0, MemoryJournal, build, line, record

from glasshouse.store.engines.duckdb import applying, folding
from glasshouse.store.engines.duckdb.identities import IdentityIndex
from glasshouse.store.engines.duckdb.periods import STEPS, Step

STARTS = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


def expected(store, step: Step) -> dict[tuple, tuple]:
    """Last version by time and items, from the rows themselves; times here are all different."""
    rows = store.rows(
        """select origin, instance, "at", version from forge."event.command_finished"
           union all select origin, instance, "at", version from forge."snapshot.host" """
    ).rows
    found: dict[tuple, list] = defaultdict(list)
    for origin, instance, at, version in rows:
        found[origin, instance, STARTS[step.name](at.date())].append((at, version))
    return {
        key: (
            max([item for item in items if item[1] is not None], default=(None, None))[1],
            len(items),
        )
        for key, items in found.items()
    }


def derived(store, step: Step) -> dict[tuple, tuple]:
    rows = store.rows(f"select origin, instance, day, version, items from {step.view}").rows
    found = {
        (origin, instance, day): (version, items) for origin, instance, day, version, items in rows
    }
    assert len(found) == len(rows), "one row per instance and period"
    return found


def first_days(store) -> dict[tuple, object]:
    rows = store.rows("select origin, instance, version, day from store.first_days").rows
    found = {(origin, instance, version): day for origin, instance, version, day in rows}
    assert len(found) == len(rows), "one row per instance and version"
    among = "select origin, instance, version, min(day) from store.days_on_versions group by all"
    assert {tuple(row[:3]): row[3] for row in store.rows(among).rows} == found
    return found


def moves(store) -> dict[tuple, list[tuple]]:
    """Of each instance its first days with what was before each, in their order."""
    rows = store.rows(
        "select origin, instance, version, day, version_before, day_before from store.moves"
    ).rows
    found: dict[tuple, list[tuple]] = defaultdict(list)
    for origin, instance, version, day, version_before, day_before in sorted(
        rows, key=lambda row: row[3]
    ):
        found[origin, instance].append((version, day, version_before, day_before))
    return found


def expected_moves(firsts: dict[tuple, object]) -> dict[tuple, list[tuple]]:
    found: dict[tuple, list[tuple]] = defaultdict(list)
    for (origin, instance, version), day in sorted(firsts.items(), key=lambda entry: entry[1]):
        before = found[origin, instance][-1][:2] if found[origin, instance] else (None, None)
        found[origin, instance].append((version, day, *before))
    return found


def expected_first_days(days: dict[tuple, tuple]) -> dict[tuple, object]:
    """From the version that each instance ended each day on."""
    found: dict[tuple, object] = {}
    for (origin, instance, day), (version, _) in sorted(days.items(), key=lambda entry: entry[0]):
        if version is not None:
            found.setdefault((origin, instance, version), day)
    return found


def instances(store) -> list[tuple]:
    return store.rows("""
        select origin, instance, min("at"), max("at"), count(*),
               arg_min(version, "at") filter (where version is not null),
               arg_max(version, "at") filter (where version is not null)
        from (select * exclude (fields, organization) from forge."event.command_finished"
              union all by name select * exclude (fields) from forge."snapshot.host")
        group by all order by all
    """).rows


@pytest.mark.parametrize(("seed", "late"), [(1, 1), (2, 60), (3, 10**6)])
def test_days_weeks_and_months_whatever_comes_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, late: int
) -> None:
    """Hundred days, mostly in order, some months late; folded, closed and merged all the time."""
    monkeypatch.setattr(applying, "FOLD_ROWS", 40)
    monkeypatch.setattr(folding, "LATE_ROWS", late)
    monkeypatch.setattr(folding, "OPEN_ROWS", 150)
    chance = random.Random(seed)
    journal = MemoryJournal()
    loader, store, _ = build(tmp_path, journal)
    for n in range(150):
        day = n / 1.5 if chance.random() < 0.8 else chance.uniform(0, n / 1.5 + 0.01)
        items = [
            (
                f"{n}-{m}",
                line(
                    24 * (day + chance.random() / 1e3) + chance.random(),
                    f"instance-{chance.randrange(12)}",
                    version=chance.choice((None, "1.0", "1.1", "2.0")),
                    origin="production" if chance.random() < 0.8 else "simulated",
                ),
            )
            for m in range(chance.randrange(1, 6))
        ]
        path = chance.choice(("event.command_finished", "snapshot.host"))
        journal.add(record({path: items}))
        loader.cycle()
        if n % 50 == 49:
            for step in STEPS:
                assert derived(store, step) == expected(store, step), (n, step)
            assert first_days(store) == expected_first_days(expected(store, STEPS[0])), n
            assert moves(store) == expected_moves(first_days(store)), n
            assert (
                instances(store)
                == store.rows(
                    "select origin, instance, first_seen, last_seen, items, first_version, "
                    "current_version from store.instances order by all"
                ).rows
            )
            assert store.problems() == []
    closed = [store.rows(f"select count(*) from {step.closed}").rows[0][0] for step in STEPS]
    closed += store.rows("select count(*) from store.closed_first_days").rows[0]
    assert all(closed), "every level was used"
    store.close()
    with duckdb.connect(tmp_path / "store" / "glasshouse.duckdb") as old:
        # As earlier layouts were: without what was before each first day, or without first days.
        old.execute("drop view store.moves; drop view store.first_days")
        if late == 1:
            old.execute("drop table store.closed_first_days; update store.layout set number = 1")
        else:
            old.execute("alter table store.closed_first_days drop column version_before")
            old.execute("update store.layout set number = 3")
    loader, store, _ = build(tmp_path, journal)
    for step in STEPS:
        assert derived(store, step) == expected(store, step)
    assert first_days(store) == expected_first_days(expected(store, STEPS[0]))
    assert moves(store) == expected_moves(first_days(store))
    swept = T0 + timedelta(days=40)
    store.sweep("forge", None, swept)
    left = expected_first_days(derived(store, STEPS[0]))
    assert first_days(store) == left
    assert moves(store) == expected_moves(left)
    assert min(left.values()) >= swept.date()
    store.close()


def test_ids_keep_their_numbers_through_cycles_and_restarts(tmp_path: Path) -> None:
    journal = MemoryJournal()
    chance = random.Random(4)
    known: dict[str, int] = {}
    for _ in range(4):
        loader, store, _ = build(tmp_path, journal)
        for _ in range(10):
            items = [
                (
                    f"{chance.getrandbits(64)}",
                    line(0, f"{chance.randrange(300)}", identities={"organization": "1"}),
                )
                for _ in range(30)
            ]
            journal.add(record({"event.command_finished": items}))
            loader.cycle()
        rows = store.rows("select id, surrogate from store.identities where kind = 'instance'").rows
        assert len({id_ for id_, _ in rows}) == len({number for _, number in rows}) == len(rows)
        found = dict(rows)
        assert known.items() <= found.items()
        known = found
        organizations = "select count(*) from store.identities where kind = 'organization'"
        assert store.rows(organizations).rows == [(1,)]
        index: IdentityIndex = store._identities
        assert len(index) == len(rows) + 1
        store.close()


def test_a_file_of_an_earlier_version_is_adopted(tmp_path: Path) -> None:
    journal = MemoryJournal(
        [record({"event.command_finished": [("1", line(0, "a", version="1"))]})]
    )
    loader, store, _ = build(tmp_path, journal)
    loader.cycle()
    store.close()
    with duckdb.connect(tmp_path / "store" / "glasshouse.duckdb") as old:
        for view in ("instances", "instance_days"):
            old.execute(f"create table store.old_{view} as from store.{view}")
            old.execute(f"drop view store.{view}")
            old.execute(f"alter table store.old_{view} rename to {view}")
        old.execute("drop table store.folded_instances; drop table store.open_days")
        old.execute("delete from store.arrivals")
    loader, store, _ = build(tmp_path, journal)
    journal.add(record({"event.command_finished": [("2", line(30, "a", version="2"))]}))
    assert loader.cycle().stored == 1
    for step in STEPS:
        assert derived(store, step) == expected(store, step)
    assert store.rows("select items, current_version from store.instances").rows == [(2, "2")]
    store.close()
