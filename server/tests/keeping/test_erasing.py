"""Erased means gone: from every file, from backups that are restored, and not let in again."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from keeping_world import (
    NOW,
    ORGANIZATION,
    OTHERS,
    VICTIM,
    event,
    filled,
    opened,
    places,
    send,
    snapshot,
)

from glasshouse.cli.books import accounting_object
from glasshouse.keeping.backup import back_up
from glasshouse.keeping.erasing import ErasureError, Wanted, erase
from glasshouse.keeping.restoring import restore
from glasshouse.loading.aside import put_aside
from glasshouse.model import Position

INSTANCE = Wanted("forge", "instance", VICTIM)


def rows(installation, instance: str = VICTIM) -> int:
    tables = ("events", "snapshots", "instances", "instance_days")
    query = " + ".join(f"(select count(*) from {t} where instance = $id)" for t in tables)
    return installation.store.rows(f"select {query}", {"id": instance}).rows[0][0]


def test_an_instance_is_gone_from_every_file_and_the_others_stay(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with opened(data) as installation:
        filled(installation)
        send(installation, event("waiting", 0.1, VICTIM))
        put_aside(data / "journal-aside", event("aside", 1, VICTIM), Position(1, 1))
        put_aside(data / "journal-aside", event("kept", 1, OTHERS[0]), Position(1, 2))
        put_aside(data / "journal-aside", b"rubbish " + VICTIM.encode(), Position(1, 3))
        before = places(data, VICTIM)
        # What will be missed later is found now: in the store, the journal, and put aside.
        assert "store/glasshouse.duckdb" in before
        assert any(place.startswith("journal/") for place in before)
        assert sum(place.startswith("journal-aside/") for place in before) == 2
        others = installation.store.rows("select count(*) from events").rows[0][0] - 10

        receipt = erase(installation.holdings, INSTANCE)

        assert places(data, VICTIM) == set()
        assert rows(installation) == 0
        assert installation.store.rows("select count(*) from events").rows[0][0] == others
        assert receipt["items"] == {"event.command_finished": 11, "snapshot.host": 1}
        assert receipt["records_aside"] == 2
        assert [p.name for p in (data / "journal-aside").iterdir()] == [
            "000000000001-0000000000000002.record"
        ]
        checked = {name: value for name, value in receipt.items() if name != "sha256"}
        text = json.dumps(checked, sort_keys=True).encode()
        assert receipt["sha256"] == hashlib.sha256(text).hexdigest()
        assert VICTIM not in json.dumps(receipt)
        assert rows(installation, OTHERS[0]) == 4
    assert places(data, VICTIM) == set(), "nor when the server has stopped"
    assert VICTIM.encode() not in (data / "erasures.jsonl").read_bytes()
    with opened(data) as installation:
        assert rows(installation) == 0
        assert installation.store.problems() == []


def test_late_resends_are_suppressed_and_leave_no_trace(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with opened(data) as installation:
        filled(installation)
        erase(installation.holdings, INSTANCE)
        send(
            installation,
            event("v3", 3, VICTIM),  # the very message, again
            event("new-id", 3, VICTIM),  # the same fact under another message id
            snapshot("other", 2, VICTIM),
            event("fine", 1, OTHERS[1]),
        )
        assert places(data, VICTIM), "it has to be found before it can be missed"
        loaded = installation.loader.cycle()
        assert (loaded.stored, loaded.duplicate, loaded.erased) == (1, 1, 2)
        installation.loader.cycle()
        assert places(data, VICTIM) == set()
        account = accounting_object(installation.accounting())
        assert account["difference"] == 0
        assert account["products"]["forge"]["native"]["suppressed"] == {"erased": 2}
    with opened(data) as installation:
        send(installation, event("another", 4, VICTIM))
        assert installation.loader.cycle().erased == 1
        # What it sends anew, it sends anew.
        send(installation, event("tomorrow", -1, VICTIM))
        assert installation.loader.cycle().stored == 1


def test_an_organization_in_a_time_range(tmp_path: Path) -> None:
    with opened(tmp_path) as installation:
        filled(installation)
        wanted = Wanted(
            "forge",
            "organization",
            ORGANIZATION,
            since=(NOW - timedelta(days=6)).replace(tzinfo=None),
            until=(NOW - timedelta(days=2)).replace(tzinfo=None),
        )
        receipt = erase(installation.holdings, wanted)
        assert receipt["items_total"] == 2  # of 1, 3, 5, 7 and 9 days ago
        kept = installation.store.rows(
            'select count(*) filter (where organization = $o), count(*) from "forge".'
            "event_command_finished where instance = $i",
            {"o": ORGANIZATION, "i": VICTIM},
        ).rows
        assert kept == [(3, 8)]
        days = installation.store.rows(
            "select count(*), sum(items)::bigint from instance_days where instance = $i",
            {"i": VICTIM},
        ).rows
        assert days == [(8, 9)], "what is derived follows the rows that are left"
        assert installation.store.problems() == []


def test_a_whole_product(tmp_path: Path) -> None:
    with opened(tmp_path) as installation:
        filled(installation)
        receipt = erase(installation.holdings, Wanted("forge"))
        assert receipt["items_total"] == 91
        assert receipt["identities"] == 43
        assert installation.store.rows("select count(*) from instances").rows == [(0,)]
        for identity in (VICTIM, OTHERS[7], ORGANIZATION):
            assert places(tmp_path, identity) == set()


def test_a_backup_is_cleansed_when_it_is_restored(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    with opened(data) as installation:
        filled(installation)
        send(installation, event("waiting", 0.2, VICTIM))
        back_up(installation.holdings, backup)
        erase(installation.holdings, INSTANCE)
        erase(installation.holdings, Wanted("forge", "instance", OTHERS[3]))
    assert places(backup, VICTIM), "the backup was made before"
    restore(backup, data)
    with opened(data) as installation:
        assert len(installation.notes) == 2
        assert rows(installation) == rows(installation, OTHERS[3]) == 0
        assert rows(installation, OTHERS[4]) == 4
        send(installation, event("late", 3, VICTIM))
        assert installation.loader.cycle().erased == 1
        installation.loader.cycle()
        assert places(data, VICTIM) == places(data, OTHERS[3]) == set()
        assert accounting_object(installation.accounting())["difference"] == 0


def test_another_servers_key_cannot_replay_and_says_so(tmp_path: Path) -> None:
    data, backup, lost = tmp_path / "data", tmp_path / "backup", tmp_path / "lost.jsonl"
    with opened(data) as installation:
        filled(installation)
        back_up(installation.holdings, backup)
        erase(installation.holdings, INSTANCE)
    lost.write_bytes((data / "erasures.jsonl").read_bytes())
    restore(backup, tmp_path / "elsewhere", erasures=lost)
    with (
        pytest.raises(Exception, match=r"restore secrets/server\.key first"),
        opened(tmp_path / "elsewhere"),
    ):
        pass
    restore(backup, tmp_path / "third", erasures=lost, secrets=data / "secrets")
    with opened(tmp_path / "third") as installation:
        assert rows(installation) == 0


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("gone"),
        Wanted("forge", "shoe", "size"),
        Wanted("forge", "instance", ""),
        Wanted("forge", "instance", " "),
        Wanted("forge", "instance"),
        Wanted("forge", identity=VICTIM),
        Wanted("forge", since=NOW, until=NOW - timedelta(days=1)),
    ],
)
def test_what_cannot_be_erased_is_said_before_anything_is_touched(
    tmp_path: Path, wanted: Wanted
) -> None:
    with opened(tmp_path) as installation:
        filled(installation)
        with pytest.raises(ErasureError, match="found"):
            erase(installation.holdings, wanted)
        assert not (tmp_path / "erasures.jsonl").exists()


def test_readers_go_on_while_the_file_is_swapped(tmp_path: Path) -> None:
    with opened(tmp_path) as installation:
        filled(installation)
        stop, seen, errors = threading.Event(), [], []

        def look() -> None:
            while not stop.is_set():
                try:
                    seen.append(installation.store.rows("select count(*) from events").rows[0][0])
                except Exception as error:
                    errors.append(error)

        reader = threading.Thread(target=look)
        reader.start()
        for other in OTHERS[:3]:
            erase(installation.holdings, Wanted("forge", "instance", other))
        stop.set()
        reader.join(30)
        assert errors == []
        assert set(seen) <= {50, 49, 48, 47}


CRASHES = ("erase", "cleanse", "rewrite", "done")


@pytest.mark.parametrize("place", CRASHES)
def test_an_erasure_that_was_ended_is_done_at_the_next_start(tmp_path: Path, place: str) -> None:
    child = subprocess.run(
        [sys.executable, __file__, str(tmp_path), place],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    with opened(tmp_path) as installation:
        assert rows(installation) == 0
        assert not installation.store.rewrite_due()
        assert places(tmp_path, VICTIM) == set()
        assert installation.store.problems() == []


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from glasshouse.keeping import erasing, ledger
    from glasshouse.store.engines.duckdb import DuckDBStore

    owner, name = {
        "erase": (DuckDBStore, "erase"),
        "cleanse": (erasing, "cleanse"),
        "rewrite": (DuckDBStore, "rewrite"),
        "done": (ledger, "note_done"),
    }[sys.argv[2]]
    with opened(Path(sys.argv[1])) as opened_installation:
        filled(opened_installation)
        setattr(owner, name, die)
        erase(opened_installation.holdings, INSTANCE)
