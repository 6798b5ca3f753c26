"""Journal records become rows exactly once, whatever order or company they come in."""

import random
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest
from loading_world import (
    MANIFEST,
    MemoryJournal,
    adds_up,
    answers,
    at,
    balance,
    build,
    events,
    fingerprint,
    line,
    record,
)

from glasshouse.loading import repeats
from glasshouse.model import Block, Head, Origin, Position, Record, Refusal, repeat_key
from glasshouse.store import StoreUnavailableError, open_store


def count(store) -> int:
    return store.rows("select count(*) from events").rows[0][0]


def test_a_second_load_of_the_same_journal_changes_nothing(tmp_path: Path) -> None:
    journal = MemoryJournal([events("1", "2"), events("3")])
    loader, store, _ = build(tmp_path, journal)
    assert loader.cycle().stored == 3
    before = fingerprint(store)
    assert loader.cycle().records == 0
    store.close()
    again, store, _ = build(tmp_path, journal)
    assert again.cycle().records == 0
    assert fingerprint(store) == before
    assert journal.trimmed == Position(0, 2)
    store.close()


@pytest.mark.parametrize("fresh", [3, 1 << 18])
def test_repeats_in_a_record_a_cycle_another_cycle_and_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: int
) -> None:
    """With young keys in the store, and with every cycle making a file of keys."""
    monkeypatch.setattr(repeats, "FRESH_KEYS", fresh)
    journal = MemoryJournal([events("1", "1", "2"), events("2", "3")])
    loader, store, _ = build(tmp_path, journal)
    assert (loader.cycle().stored, count(store)) == (3, 3)
    journal.add(events("3", "4"))
    assert loader.cycle().duplicate == 1
    store.close()
    loader, store, _ = build(tmp_path, journal)
    journal.add(events("1", "4", "5"))
    assert loader.cycle().stored == 1
    assert balance(store) == {"received": 10, "stored": 5, "duplicate": 5}
    assert count(store) == 5
    store.close()


def test_the_line_of_the_repeat_is_the_one_dropped(tmp_path: Path) -> None:
    first = record({"event.command_finished": [("1", line(0, "a")), ("2", line(0, "b"))]})
    second = record({"event.command_finished": [("2", line(1, "x")), ("3", line(1, "c"))]})
    loader, store, _ = build(tmp_path, MemoryJournal([first, second]))
    loader.cycle()
    assert store.rows("select instance from events order by 1").rows == [("a",), ("b",), ("c",)]
    store.close()


def test_any_order_of_loading_gives_the_same_answers(tmp_path: Path) -> None:
    """First and last, versions, places, days and the newest value of each snapshot field."""
    payloads = []
    chance = random.Random(5)
    for n in range(40):
        fields = {"cores": n} if n % 3 else {"system": chance.choice(("linux", "macos"))}
        one = line(
            chance.randrange(60),
            chance.choice("abc"),
            fields,
            version=chance.choice((None, "1.0", "1.1", "2.0")),
            country=chance.choice((None, "DE", "JP")),
            origin=chance.choice(("production", "simulated")),
        )
        payloads.append(record({"snapshot.host": [(f"s{n}", one)]}))
        payloads.append(record({"event.command_finished": [(f"e{n}", one)]}))
    seen = []
    for trial in range(3):
        chance.shuffle(payloads)
        loader, store, _ = build(
            tmp_path / str(trial), MemoryJournal(list(payloads)), cycle_bytes=(1, 2000, 10**6)[trial]
        )
        while loader.cycle().records:
            pass
        seen.append(answers(store))
        store.close()
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]


def test_late_items_move_first_seen_and_not_the_current_version(tmp_path: Path) -> None:
    journal = MemoryJournal([events("1", hours=10, version="2.0", country="DE")])
    loader, store, _ = build(tmp_path, journal)
    loader.cycle()
    journal.add(events("2", hours=2, version="1.0", country="JP"))
    loader.cycle()
    row = store.rows(
        "select first_seen, last_seen, first_version, current_version, country from instances"
    ).rows[0]
    assert row == (
        at(2).replace(tzinfo=None),
        at(10).replace(tzinfo=None),
        "1.0",
        "2.0",
        "DE",
    )
    store.close()


def test_the_newest_value_of_each_snapshot_field_wins(tmp_path: Path) -> None:
    parts = [
        record({"snapshot.host": [("1", line(5, fields={"cores": 8}))]}),
        record({"snapshot.host": [("2", line(1, fields={"cores": 4, "system": "linux"}))]}),
    ]
    loader, store, _ = build(tmp_path, MemoryJournal(parts), cycle_bytes=1)
    while loader.cycle().records:
        pass
    rows = store.rows("select as_of, fields::varchar from snapshots").rows
    assert rows == [
        (at(5).replace(tzinfo=None), '{"cores":8,"system":"linux","tables":null}'),
    ]
    store.close()


def test_refusals_are_counted_and_the_balance_holds(tmp_path: Path) -> None:
    refusals = [
        Refusal("rejected", "wrong_type", 2, "event.command_finished", "seconds"),
        Refusal("suppressed", "do_not_track", 3),
        Refusal("accepted", "undeclared_field", 7, "event.command_finished"),
    ]
    item = ("1", line())
    journal = MemoryJournal(
        [
            record({"event.command_finished": [item]}, refusals=refusals),
            record({}, product="-", door="segment", refusals=[Refusal("rejected", "wrong_key", 1)]),
        ]
    )
    loader, store, _ = build(tmp_path, journal)
    loader.cycle()
    assert balance(store) == {"received": 7, "stored": 1, "rejected": 3, "suppressed": 3}
    assert adds_up(store)
    window = store.rows("refusals", {"product": "forge", "limit": 10}).rows
    assert [(row[2], row[3], row[4], row[5], row[7]) for row in window] == [
        ("event.command_finished", None, "accepted", "undeclared_field", 7),
        (None, None, "suppressed", "do_not_track", 3),
        ("event.command_finished", "seconds", "rejected", "wrong_type", 2),
    ]
    store.close()


def test_waiting_items_complete_the_balance(tmp_path: Path) -> None:
    journal = MemoryJournal([events("1")])
    loader, store, _ = build(tmp_path, journal)
    loader.cycle()
    journal.add(events("2", "3"))
    outcomes = {t.outcome: t.items for t in loader.accounting()}
    assert outcomes == {"received": 3, "stored": 1, "waiting": 2}
    store.close()


BAD_LINES = {
    "wrong type": b'{"at":"2026-11-20T12:00:00Z","received_at":"2026-11-20T12:00:00Z","instance":"x","fields":{"seconds":"secret-value"}}\n',
    "not JSON": b"rubbish\n",
    "not UTF-8": b'{"at":"2026-11-20T12:00:00Z","received_at":"2026-11-20T12:00:00Z","instance":"\xff","fields":{}}\n',
    "no instance": b'{"at":"2026-11-20T12:00:00Z","received_at":"2026-11-20T12:00:00Z","fields":{}}\n',
    "no time": b'{"received_at":"2026-11-20T12:00:00Z","instance":"x","fields":{}}\n',
    "two lines for one": b"{}\n{}\n",
    "no lines": b"",
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES)
def test_a_block_that_the_store_refuses_is_put_aside_and_counted(
    tmp_path: Path, bad: bytes
) -> None:
    poison = Record(
        Head("forge", "native", at(0), 1, [Block("event.command_finished", 1, len(bad))]),
        [repeat_key("forge", "p")],
        [bad],
    ).encoded()
    journal = MemoryJournal([events("1", "2"), poison, events("3")])
    loader, store, _ = build(tmp_path, journal)
    loaded = loader.cycle()
    assert (loaded.stored, loaded.unloadable, count(store)) == (3, 1, 3)
    assert adds_up(store)
    aside = list((tmp_path / "journal-aside").iterdir())
    assert [path.read_bytes() for path in aside] == [poison]
    assert aside[0].stat().st_mode & 0o777 == 0o600
    assert "secret-value" not in str(store.rows("from store.refusals").rows)
    assert list((tmp_path / "store" / "loading").iterdir()) == []
    store.close()


def test_payloads_that_are_no_records_and_unknown_products_do_not_stop_the_loader(
    tmp_path: Path,
) -> None:
    unknown = record({"event.x": [("1", line())]}, product="gone")
    wrong_sum = events("9").replace(b'"received":1', b'"received":5')
    journal = MemoryJournal([b"rubbish", events("1"), unknown, wrong_sum, events("2")])
    loader, store, _ = build(tmp_path, journal)
    loaded = loader.cycle()
    assert (loaded.stored, loaded.unloadable) == (2, 3)
    assert adds_up(store)
    assert len(list((tmp_path / "journal-aside").iterdir())) == 3
    store.close()


def test_a_new_version_of_a_manifest_is_followed_while_loading(tmp_path: Path) -> None:
    journal = MemoryJournal(
        [record({"snapshot.host": [("1", line(0, fields={"cores": 2, "tables": [{"rows": 1}]}))]})]
    )
    loader, store, catalogue = build(tmp_path, journal)
    loader.cycle()
    newer = MANIFEST + (
        '[snapshot.host.fields.tables.fields.name]\ntype = "text"\nanonymise = "length"\n'
        'why = "x"\nexample = 3\n[snapshot.host.fields.memory]\ntype = "number"\nwhy = "x"\n'
        "example = 1.5\n"
    )
    catalogue.add(newer.encode())
    fields = {"cores": 3, "memory": 1.5, "tables": [{"rows": 2, "name": 4}]}
    journal.add(record({"snapshot.host": [("2", line(1, "b", fields))]}))
    assert loader.cycle().stored == 1
    rows = store.rows("select s.instance, s.fields::varchar from snapshots s order by 1").rows
    assert rows == [
        ("a", '{"cores":2,"system":null,"tables":[{"rows":1,"name":null}],"memory":null}'),
        ("b", '{"cores":3,"system":null,"tables":[{"rows":2,"name":4}],"memory":1.5}'),
    ]
    store.close()


def test_erasing_an_origin_leaves_the_others_alone(tmp_path: Path) -> None:
    journal = MemoryJournal(
        [
            events("1", "2", instance="real"),
            events("3", instance="real", origin="simulated"),
            events("4", instance="robot", origin="simulated", identities={"organization": "o"}),
        ]
    )
    loader, store, _ = build(tmp_path, journal)
    loader.cycle()
    assert store.erase_origin("forge", Origin.SIMULATED) == 2
    assert count(store) == 2
    assert store.rows("select instance, origin from instances").rows == [("real", "production")]
    assert store.rows("select instance, items from instance_days").rows == [("real", 2)]
    assert store.rows("select kind, id from store.identities").rows == [("instance", "real")]
    journal.add(events("4", instance="robot", origin="simulated"))
    assert loader.cycle().duplicate == 1, "a late resend of what was erased stays out"
    store.close()


def test_a_failing_store_is_waited_for_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine fails in the middle of a cycle as it does on a full disk; `run` goes on."""
    journal = MemoryJournal([events("1", "2")])
    failures = iter([True, True])
    done = threading.Event()

    def fail_twice(step: str) -> None:
        if step == "move position" and next(failures, False):
            raise duckdb.IOException("No space left on device")
        if step == "trim":
            done.set()

    loader, store, _ = build(tmp_path, journal, watch=fail_twice)
    with pytest.raises(StoreUnavailableError):
        loader.cycle()
    assert count(store) == 0
    stop, wake = threading.Event(), threading.Event()
    thread = threading.Thread(target=loader.run, args=(stop, wake))
    thread.start()
    assert done.wait(30)
    stop.set()
    wake.set()
    thread.join(30)
    assert (count(store), loader.state.last_error) == (2, None)
    store.close()


def test_readers_on_other_threads_see_whole_cycles_while_the_loader_writes(tmp_path: Path) -> None:
    journal = MemoryJournal([events(*(f"{n}-{m}" for m in range(10))) for n in range(60)])
    loader, store, _ = build(tmp_path, journal, cycle_bytes=1)
    seen, stop = [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            rows = store.rows(
                "select (select count(*) from events), "
                "(select coalesce(sum(items), 0) from store.accounting where outcome = 'stored')"
            ).rows
            seen.append(rows[0])

    reader = threading.Thread(target=look)
    reader.start()
    while loader.cycle().records:
        pass
    stop.set()
    reader.join(30)
    assert len(seen) > 5
    assert all(rows == counted and rows % 10 == 0 for rows, counted in seen)
    store.close()


def test_a_second_owner_of_the_file_is_told_so(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    code = (
        "import sys, pathlib; from glasshouse.store import open_store, StoreUnavailableError\n"
        "try: open_store(pathlib.Path(sys.argv[1]))\n"
        "except StoreUnavailableError as error: print('unavailable')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert result.stdout.strip() == "unavailable", result.stderr
    store.close()
