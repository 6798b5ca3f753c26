"""What `record` writes, refuses, and never does to its host."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glasshouse_sdk import Telemetry
from glasshouse_sdk.claims import waiting_lines
from glasshouse_sdk.state import State, default_directory
from glasshouse_sdk.tallies import read_tallies
from glasshouse_sdk.values import RefusedError


def lines(state: Path) -> list[dict]:
    return [json.loads(line) for line in waiting_lines(State(str(state)))]


def make(manifest: str, state: Path, **more) -> Telemetry:
    return Telemetry(manifest, state=state, version="1.2.3", environment={}, **more)


def test_every_type_arrives_as_the_contract_says(manifest, tmp_path):
    state = tmp_path / "state"
    telemetry = make(manifest, state, strict=True, identities={"organization": "Wayne Works"})
    zone = dt.timezone(dt.timedelta(hours=1))
    telemetry.record(
        "done",
        command="run",
        seconds=dt.timedelta(seconds=90),
        count=7,
        ratio=0.5,
        dry=True,
        started=dt.datetime(2026, 11, 22, 8, 0, 0, 5, tzinfo=zone),
        runtime="3.11.7+b1",
        project="secret/project",
        message="hello",
        os="Debian GNU/Linux 12 (bookworm)",
        size=42,
        plugins={"git": 2},
        stages=["a", "b"],
        tables=[{"rows": 3}],
    )
    telemetry.record("snapshot.host", cores=2)
    item, host = lines(state)
    project = item["fields"].pop("project")
    assert item["fields"] == {
        "command": "run",
        "seconds": 90.0,
        "count": 7,
        "ratio": 0.5,
        "dry": True,
        "started": "2026-11-22T07:00:00.000005Z",
        "runtime": "3.11.7+b1",
        "message": 5,
        "os": "Debian GNU/Linux 12 (bookworm)",
        "size": 10,
        "plugins": {"git": 2},
        "stages": ["a", "b"],
        "tables": [{"rows": 3}],
    }
    assert item["item"] == "event.done"
    assert item["version"] == "1.2.3"
    assert len(item["id"]) == 32
    assert len(project) == 32
    assert len(item["identities"]["organization"]) == 32
    assert host["fields"] == {"cores": 2}
    assert host["instance"] == item["instance"]
    everything = "".join(p.read_text() for p in state.rglob("*") if p.is_file())
    assert "secret/project" not in everything
    assert "Wayne" not in everything


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"undeclared": 1}, "undeclared_field"),
        ({"command": "deploy"}, "unknown_value"),
        ({"command": ["run"]}, "unknown_value"),
        ({"count": 1.5}, "wrong_type"),
        ({"count": True}, "wrong_type"),
        ({"count": 1001}, "out_of_bounds"),
        ({"count": -1}, "out_of_bounds"),
        ({"seconds": float("nan")}, "out_of_bounds"),
        ({"ratio": float("inf")}, "out_of_bounds"),
        ({"ratio": "1"}, "wrong_type"),
        ({"dry": 1}, "wrong_type"),
        ({"started": dt.datetime(2026, 1, 1)}, "wrong_type"),
        ({"runtime": "/home/ann"}, "wrong_type"),
        ({"project": b"x"}, "wrong_type"),
        ({"plugins": {"a@b": 1}}, "wrong_type"),
        ({"plugins": {"a": "b"}}, "wrong_type"),
        ({"stages": ["c"]}, "unknown_value"),
        ({"stages": "a"}, "wrong_type"),
        ({"tables": [{"rows": 1, "name": "x"}]}, "undeclared_field"),
        ({"tables": [{}]}, "missing_field"),
        ({"gone": 1}, "undeclared_field"),
    ],
)
def test_what_is_not_declared_is_counted_and_nothing_of_it_written(
    manifest, tmp_path, fields, reason
):
    state = tmp_path / "state"
    telemetry = make(manifest, state)
    telemetry.record("done", **fields)
    assert not any((state / "spool").iterdir()) or lines(state) == []
    assert read_tallies(State(str(state))) == {reason: 1}
    assert len(telemetry.problems) == 1
    assert reason in telemetry.problems[0]
    with pytest.raises(RefusedError):
        make(manifest, state, strict=True).record("done", **fields)


def test_an_undeclared_item_and_a_missing_field_are_refused(manifest, tmp_path):
    telemetry = make(manifest, tmp_path / "state")
    telemetry.record("nothing_like_it", a=1)
    telemetry.record("snapshot.host")
    assert read_tallies(State(str(tmp_path / "state"))) == {
        "undeclared_item": 1,
        "missing_field": 1,
    }


def test_public_list_takes_what_fits_and_calls_all_else_other(manifest, tmp_path):
    state = tmp_path / "state"
    telemetry = make(manifest, state, strict=True)
    texts = {
        "Plan 9": "Plan 9",
        "plan 9": "other",
        "Debian GNU/Linux 13 (trixie/sid)": "Debian GNU/Linux 13 (trixie/sid)",
        "Debian GNU/Linux " + "1" * 41: "other",
        "Debian GNU/Linux ann@example.com": "other",
        "My Debian GNU/Linux 12": "other",
    }
    for text in texts:
        telemetry.record("done", os=text)
    assert [line["fields"]["os"] for line in lines(state)] == list(texts.values())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.text(),
    st.dictionaries(
        st.sampled_from(
            [
                "command",
                "count",
                "ratio",
                "dry",
                "started",
                "project",
                "os",
                "plugins",
                "stages",
                "tables",
            ]
        )
        | st.text(),
        anything,
    ),
)
def test_no_value_of_any_kind_raises_or_breaks_a_line(manifest, tmp_path, name, fields):
    state = tmp_path / "state"
    telemetry = make(manifest, state)
    telemetry.record(name, **fields)
    telemetry.record("done", **fields)
    for line in lines(state):
        assert line["item"] in ("event.done", "snapshot.host")
        assert set(line["fields"]) <= {
            "command", "count", "ratio", "dry", "started", "project", "os", "plugins", "stages",
            "tables", "cores",
        }  # fmt: skip


@pytest.mark.parametrize(
    "ending",
    [
        "os.kill(os.getpid(), 9)",
        "os.kill(os.getpid(), 15)",
        "os._exit(3)",
        "os.abort()",
    ],
)
def test_no_way_of_dying_loses_what_was_recorded(manifest, tmp_path, ending):
    state = tmp_path / "state"
    code = (
        "import os\nfrom glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={str(state)!r}, environment={{}})\n"
        "for n in range(250): t.record('done', count=n)\n" + ending
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=30, cwd=tmp_path)
    assert [line["fields"]["count"] for line in lines(state)] == list(range(250))


def test_children_and_threads_record_beside_their_parent(manifest, tmp_path):
    state = tmp_path / "state"
    code = f"""
import os, threading
from glasshouse_sdk import Telemetry
t = Telemetry({manifest!r}, state={str(state)!r}, environment={{}}, strict=True)
t.record('done', count=999)
children = []
for child in range(4):
    pid = os.fork()
    if not pid:
        for n in range(200): t.record('done', count=n)
        os._exit(0)
    children.append(pid)
threads = [
    threading.Thread(target=lambda: [t.record('done', count=n) for n in range(200)])
    for _ in range(3)
]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
    counts = [line["fields"]["count"] for line in lines(state)]
    assert sorted(counts) == sorted([999, *list(range(200)) * 7])


def test_a_host_that_records_in_a_signal_handler_neither_waits_nor_loses(manifest, tmp_path):
    state = tmp_path / "state"
    telemetry = make(manifest, state, strict=True)
    telemetry.record("host", cores=1)
    hits = []

    def handler(*_: object) -> None:
        hits.append(1)
        telemetry.record("done", command="build")

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    try:
        for n in range(5000):
            telemetry.record("done", count=n % 1000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    recorded = lines(state)
    assert sum("count" in line["fields"] for line in recorded) == 5000
    assert sum("command" in line["fields"] for line in recorded) == len(hits) > 0


def test_a_signal_just_after_the_spool_was_closed_loses_nothing(manifest, tmp_path, monkeypatch):
    state = tmp_path / "state"
    telemetry = make(manifest, state, strict=True)
    telemetry.record("done", count=0)
    close = os.close
    hits = []

    def closed_then_interrupted(descriptor: int) -> None:
        close(descriptor)
        if not hits:
            hits.append(1)
            telemetry.record("done", command="build")

    monkeypatch.setattr(os, "close", closed_then_interrupted)
    for n in range(5000):  # enough for the spool to begin another file
        telemetry.record("done", count=n % 1000)
    recorded = lines(state)
    assert sum("count" in line["fields"] for line in recorded) == 5001
    assert sum("command" in line["fields"] for line in recorded) == len(hits) == 1


@pytest.mark.parametrize("where", ["read-only", "a file", "no rights", "full disk"])
def test_a_host_without_a_place_for_state_runs_unharmed(manifest, tmp_path, where):
    ordinary = tmp_path / "blocked"
    ordinary.write_text("in the way")
    states = {
        "a file": str(ordinary / "state"),
        "read-only": "/proc/acme",
        "no rights": "/sys/acme",
        "full disk": "/dev/full/acme",
    }
    code = f"""
import os, sys
from glasshouse_sdk import Telemetry
t = Telemetry({manifest!r}, state={states[where]!r})
for n in range(3): t.record('done', count=n)
t.send(1)
assert t.problems or t.consent == 'off'
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("manifest_text", ["", "{", '{"format": 99}', "[1]", '"x"'])
def test_a_manifest_that_cannot_be_used_turns_telemetry_off_and_harms_nobody(
    tmp_path, manifest_text
):
    path = tmp_path / "broken.json"
    path.write_text(manifest_text)
    telemetry = Telemetry(path, state=tmp_path / "state", environment={})
    telemetry.record("done", count=1)
    assert telemetry.consent == "off"
    assert telemetry.problems
    assert not (tmp_path / "state").exists()
    assert Telemetry(tmp_path / "none.json", environment={}).send() == "given-up"


@pytest.mark.parametrize("name", sorted(n for n in dir(Telemetry) if not n.startswith("_")))
def test_whatever_is_asked_of_a_product_without_a_manifest_raises_nothing(tmp_path, name):
    arguments = {
        "record": ("done",),
        "record_all": ((),),
        "record_when_due": ("done", dict),
        "state_of": ("telemetry",),
        "answer": ("off",),
    }
    settings = {"record_all": {"at": 0, "seed": "s"}}
    telemetry = Telemetry(tmp_path / "none.json", environment={})
    asked = getattr(telemetry, name)
    if callable(asked):
        asked(*arguments.get(name, ()), **settings.get(name, {}))
    assert telemetry.problems


def test_two_processes_agree_on_the_instance_and_the_secret(manifest, tmp_path):
    state = tmp_path / "state"
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={str(state)!r}, environment={{}}, strict=True)\n"
        "t.record('done', project='p')"
    )
    racers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(6)]
    assert [racer.wait(30) for racer in racers] == [0] * 6
    recorded = lines(state)
    assert len(recorded) == 6
    assert len({line["instance"] for line in recorded}) == 1
    assert len({line["fields"]["project"] for line in recorded}) == 1
    assert oct(state.stat().st_mode & 0o777) == "0o700"
    assert {oct(p.stat().st_mode & 0o077) for p in state.rglob("*")} == {"0o0"}
    assert not [p for p in os.listdir(state) if p.count(".") > 1]


def test_a_user_without_home_and_passwd_entry_has_no_place_and_no_harm(manifest, monkeypatch):
    def nobody(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    telemetry = Telemetry(manifest, environment={})
    telemetry.record("done", count=1)
    assert telemetry.consent == "off"
    assert telemetry.send() == "given-up"


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"HOME": "/home/ann"}, "linux", "/home/ann/.local/state/glasshouse/acme"),
        ({"HOME": "/home/ann", "XDG_STATE_HOME": "/s"}, "linux", "/s/glasshouse/acme"),
        (
            {"HOME": "/home/ann", "XDG_STATE_HOME": "s"},
            "linux",
            "/home/ann/.local/state/glasshouse/acme",
        ),
        ({"HOME": "ann"}, "linux", None),
        (
            {"HOME": "/Users/ann"},
            "darwin",
            "/Users/ann/Library/Application Support/glasshouse/acme",
        ),
        ({}, "win32", None),
    ],
)
def test_where_the_state_belongs(environ, platform, expected):
    assert default_directory("acme", environ, platform) == expected
