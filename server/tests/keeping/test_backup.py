"""A backup is whole, is checked, and becomes a server again; commands ask the running server."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from keeping_world import (
    ORGANIZATION,
    OTHERS,
    VICTIM,
    event,
    filled,
    opened,
    places,
    send,
)
from loading_world import fingerprint

from glasshouse.cli.main import main
from glasshouse.keeping.backup import BackupError, back_up
from glasshouse.keeping.checking import examine
from glasshouse.keeping.exporting import export
from glasshouse.keeping.restoring import restore, verify
from glasshouse.loading.aside import put_aside
from glasshouse.model import Position


def test_a_restored_backup_answers_as_the_original(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    with opened(data) as installation:
        filled(installation)
        send(installation, event("waiting", 1, OTHERS[0]))  # acknowledged, not loaded yet
        back_up(installation.holdings, backup, secrets=tmp_path / "safe")
        while installation.loader.cycle().records:
            pass
        expected = fingerprint(installation.store)
        send(installation, event("later", 1, OTHERS[0]))
    assert not (backup / "secrets").exists()
    restore(backup, tmp_path / "new", secrets=tmp_path / "safe")
    with opened(tmp_path / "new") as installation:
        while installation.loader.cycle().records:
            pass
        assert fingerprint(installation.store) == expected
        send(installation, event("waiting", 1, OTHERS[0]))
        assert installation.loader.cycle().duplicate == 1, "repeat keys are restored too"
        states = {finding.check: finding.state for finding in examine(installation.holdings)}
        assert states.pop("disk") in ("ok", "problem")  # of the machine that runs the test
        assert set(states.values()) == {"ok"}


def test_a_backup_while_items_arrive_is_of_one_moment(tmp_path: Path) -> None:
    data = tmp_path / "data"
    stop, wake = threading.Event(), threading.Event()
    with opened(data) as installation:
        filled(installation)
        loading = threading.Thread(target=installation.loader.run, args=(stop, wake, 0.01))
        loading.start()
        sent = 0
        try:
            for number in range(3):
                for _ in range(30):
                    send(installation, event(f"n{sent}", 1, OTHERS[sent % 9]))
                    sent += 1
                back_up(installation.holdings, tmp_path / f"backup-{number}")
                at_least = sent
                restore(tmp_path / f"backup-{number}", tmp_path / f"restored-{number}")
                with opened(tmp_path / f"restored-{number}") as restored:
                    while restored.loader.cycle().records:
                        pass
                    found = restored.store.rows("select count(*) from events").rows[0][0]
                    assert found == 50 + at_least, "all that was acknowledged, nothing twice"
                    assert restored.store.problems() == []
        finally:
            stop.set()
            wake.set()
            loading.join(60)


def test_every_changed_byte_and_file_is_noticed(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    with opened(data) as installation:
        filled(installation)
        back_up(installation.holdings, backup)
        with pytest.raises(BackupError, match="does not exist yet"):
            back_up(installation.holdings, backup)
    about = verify(backup)
    for entry in about["files"]:
        path = backup / entry["path"]
        whole = path.read_bytes()
        if not whole:
            continue
        spoiled = bytearray(whole)
        spoiled[len(whole) // 2] ^= 1
        path.write_bytes(spoiled)
        with pytest.raises(BackupError, match="other bytes"):
            verify(backup)
        path.unlink()
        with pytest.raises(BackupError, match="found or missing"):
            restore(backup, tmp_path / "never")
        path.write_bytes(whole)
    (backup / "extra").write_text("x")
    with pytest.raises(BackupError, match="extra"):
        verify(backup)
    assert not (tmp_path / "never").exists()


def test_an_export_is_all_that_a_raw_scan_finds(tmp_path: Path) -> None:
    with opened(tmp_path) as installation:
        filled(installation)
        send(installation, event("waiting", 0.2, VICTIM, ORGANIZATION))
        put_aside(tmp_path / "journal-aside", event("aside", 1, VICTIM), Position(1, 1))
        found = list(export(installation.holdings, "forge", "instance", VICTIM))
        tables = [row["table"] for row in found]
        assert tables.count("journal-aside") == 1
        scanned = 0
        for table in ("event.command_finished", "snapshot.host"):
            query = f"""select i.id, t.* from forge."{table}" t
                        join store.identities i on i.surrogate = t.instance"""
            raw = installation.store.rows(query).as_dicts()
            mine = [row for row in raw if row["id"] == VICTIM]
            assert tables.count(table) == len(mine)
            exported = [row for row in found if row["table"] == table]
            for name in ("at", "received_at", "version", "fields"):
                key = str
                assert sorted((row[name] for row in exported), key=key) == sorted(
                    (row[name] for row in mine), key=key
                )
            scanned += len(mine)
        assert scanned == 12
        assert {row["instance"] for row in found} == {VICTIM}
        theirs = list(export(installation.holdings, "forge", "organization", ORGANIZATION))
        assert len(theirs) == 6
        assert {row["organization"] for row in theirs} == {ORGANIZATION}
        assert list(export(installation.holdings, "forge", "instance", "nobody")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    with opened(tmp_path) as installation:
        filled(installation)
        send(installation, event("later", -0.5, OTHERS[0]))
        installation.loader.cycle()
        put_aside(tmp_path / "journal-aside", b"rubbish", Position(1, 1))
        connection = installation.store._connection
        connection.execute(
            "delete from store.identities where id = ?", (OTHERS[5],)
        )  # a row without its id
        segment = tmp_path / "journal" / "000000000900.journal"
        segment.write_bytes(b"no record at all")
        installation.journal._ends[900] = 16
        tmp_path.chmod(0o755)
        (tmp_path / "secrets" / "server.key").chmod(0o644)
        (tmp_path / "catalogue").mkdir(exist_ok=True)
        (tmp_path / "catalogue" / "left").touch()
        os.chown(tmp_path / "catalogue" / "left", 12345, 12345)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, before[1]))
        found = {f.check: f for f in examine(installation.holdings)}
        assert found["clock"].state == "problem"
        assert found["aside"].state == "warning"
        assert found["store"].state == "problem"
        assert found["journal"].state == "problem"
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert found["permissions"].state == "warning"
        assert found["owners"].state == "problem"
        assert found["secrets"].state == "problem"
        assert found["open files"].state == "warning"
        assert "duckdb" in found["versions"].found
        assert all(f.do for f in found.values() if f.state != "ok")
        tmp_path.chmod(0o700)


def test_the_commands_ask_the_server_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """erase, export, backup, restore and doctor, of a running server and of a stopped one."""
    data = tmp_path / "data"
    where = ["--data", str(data)]
    with opened(data) as installation:
        filled(installation)
    server = subprocess.Popen(
        [sys.executable, "-m", "glasshouse.cli.main", "serve", *where, "--listen", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while not (data / "server.json").exists():
            assert server.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        out = str(tmp_path / "victim.jsonl")
        whose = ["--product", "forge", "--instance", VICTIM]
        assert main(["export", *whose, "--output", out, *where]) == 0
        assert len(Path(out).read_text().splitlines()) == 22  # 11 items, 1 instance, 10 days
        assert main(["backup", str(tmp_path / "backup"), "--json", *where]) == 0
        assert main(["restore", str(tmp_path / "backup"), *where]) == 1, "a server has it open"
        for nobody in (["--instance", ""], ["--identity", "organization", " "]):  # of a script
            assert main(["erase", "--product", "forge", *nobody, *where]) == 2
            assert main(["export", "--product", "forge", *nobody, *where]) == 2
        capsys.readouterr()
        assert main(["erase", *whose, "--json", *where]) == 0
        receipt = json.loads(capsys.readouterr().out)
        assert receipt["items_total"] == 11
        assert places(data, VICTIM) == set()
        assert main(["erase", "--product", "forge", "--all", "--from", "soon", *where]) == 2
        assert main(["erase", "--product", "forge", "--identity", "shoe", "x", *where]) == 2
        assert main(["export", *whose, *where]) == 0
        capsys.readouterr()
        main(["doctor", "--json", *where])
        findings = json.loads(capsys.readouterr().out)
        machine = ("disk", "open files")  # these may be short where the tests run
        states = {f["check"]: f["state"] for f in findings if f["check"] not in machine}
        assert set(states.values()) == {"ok"}, findings
        assert set(states) >= {
            "permissions",
            "owners",
            "clock",
            "journal",
            "store",
            "ports",
            "erasures",
            "forget",
        }
    finally:
        server.terminate()
        server.wait(60)
    assert server.returncode == 0
    assert main(["restore", str(tmp_path / "backup"), "--json", *where]) == 0
    restored = json.loads(capsys.readouterr().out)
    assert restored["erased_again"] == 1
    assert places(data, VICTIM) == set()
    main(["doctor", *where])
    assert "1 done, none unfinished" in capsys.readouterr().out
    assert main(["export", *whose, *where]) == 0
    assert main(["restore", str(tmp_path / "backup"), "--verify"]) == 0
