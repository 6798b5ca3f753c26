"""What is due, when, and once: over runs, versions, processes and wrong clocks."""

import subprocess
import sys

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.occasions import NAME, Occasions, period
from glasshouse_sdk.state import State, remove

DAY = 86_400.0
NOW = 1_790_000_000.0


@pytest.fixture
def state(tmp_path):
    state = State(str(tmp_path / "state"))
    state.make()
    return state


def is_due(state, *occasions, now=NOW, version="1", process=None, chance=0.5, record=lambda: True):
    process = process or Occasions(state, version)
    return process.record_when_due("snapshot.host", occasions, record, now, chance)


def test_spans():
    spans = ["weekly", "every 24h", "every 90m", "every 3d", "start", "every h", "every 1w", ""]
    assert [period(s) for s in spans] == [7 * DAY, DAY, 5400.0, 3 * DAY, None, None, None, None]


@pytest.mark.parametrize("occasion", ["install", "first_start"])
def test_once_is_once(state, occasion):
    assert is_due(state, occasion)
    assert not is_due(state, occasion, now=NOW + 900 * DAY, version="2")


def test_start_is_once_a_process(state):
    for _ in range(2):
        process = Occasions(state, "1")
        assert is_due(state, "start", process=process)
        assert not is_due(state, "start", process=process, now=NOW + DAY)


def test_upgrade_is_a_version_other_than_the_last(state):
    assert not is_due(state, "upgrade", version="1")  # the first version upgrades nothing
    assert not is_due(state, "upgrade", version="1")
    assert is_due(state, "upgrade", version="2")
    assert not is_due(state, "upgrade", version="2")
    assert is_due(state, "upgrade", version="1")


def test_a_period_is_spread_by_a_tenth(state):
    assert is_due(state, "every 24h", chance=0.0)
    assert not is_due(state, "every 24h", now=NOW + 0.89 * DAY)
    assert is_due(state, "every 24h", now=NOW + 0.91 * DAY, chance=1.0)
    assert not is_due(state, "every 24h", now=NOW + (0.91 + 1.09) * DAY)
    assert is_due(state, "every 24h", now=NOW + (0.91 + 1.11) * DAY)


def test_one_process_goes_by_its_memory_until_the_next_time(state):
    process = Occasions(state, "1")
    assert is_due(state, "every 24h", process=process)
    remove(state.path(NAME))
    assert not is_due(state, "every 24h", process=process, now=NOW + 10)
    assert is_due(state, "every 24h", process=process, now=NOW + 1.2 * DAY)


def test_a_clock_that_was_years_ahead_makes_nothing_wait_for_years(state):
    assert is_due(state, "every 24h", now=NOW + 3650 * DAY)
    assert is_due(state, "every 24h", now=NOW)
    assert not is_due(state, "every 24h", now=NOW + 60)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"snapshot.host": 1}', "\0"])
def test_a_file_that_cannot_be_understood_makes_all_due_anew(state, content):
    assert is_due(state, "install")
    state.write(NAME, content)
    assert is_due(state, "install")
    assert not is_due(state, "install")


def test_what_could_not_be_recorded_stays_due(state):
    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        is_due(state, "install", record=fail)
    assert not is_due(state, "install", record=lambda: False)
    assert is_due(state, "install")


def test_an_event_is_due_every_time(state):
    assert is_due(state, "event")
    assert is_due(state, "command", "start")


def with_occasion(manifest_with, occasion):
    table = '[snapshot.host]\npurpose = "use"'
    return manifest_with((table, f'{table}\noccasions = ["{occasion}"]'))


def due_manifest(manifest_with):
    return with_occasion(manifest_with, "start")


def test_a_product_records_what_is_due(manifest_with, tmp_path):
    manifest = due_manifest(manifest_with)
    calls = []

    def collect():
        calls.append(1)
        return {"cores": 4}

    telemetry = Telemetry(manifest, state=tmp_path / "s", environment={}, strict=True)
    assert telemetry.record_when_due("host", collect)
    assert not telemetry.record_when_due("host", collect)
    assert [item["fields"] for item in telemetry.waiting()] == [{"cores": 4}]
    off = Telemetry(manifest, state=tmp_path / "s", environment={"ACME_NO_UPDATES": "1"})
    assert not off.record_when_due("host", collect)
    assert len(calls) == 1


def test_two_builds_of_one_release_are_an_upgrade_of_each_other(manifest_with, tmp_path):
    manifest = with_occasion(manifest_with, "upgrade")
    due = []
    for version in ("1.0-ann", "1.0-ann", "1.0-bob"):
        telemetry = Telemetry(manifest, version=version, state=tmp_path / "s", environment={})
        due.append(telemetry.record_when_due("host", lambda: {"cores": 1}))
    assert due == [False, False, True]
    assert [item["version"] for item in telemetry.waiting()] == ["1.0-other"]


def test_a_failing_collection_harms_nobody(manifest_with, tmp_path):
    telemetry = Telemetry(due_manifest(manifest_with), state=tmp_path / "s", environment={})
    assert not telemetry.record_when_due("host", lambda: 1 / 0)
    assert not telemetry.record_when_due("nothing", dict)
    assert telemetry.record_when_due("host", lambda: {"cores": 1})
    assert len(telemetry.problems) == 2


def test_of_many_processes_one_records(manifest_with, tmp_path):
    manifest = with_occasion(manifest_with, "weekly")
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={str(tmp_path / 's')!r}, environment={{}})\n"
        "t.record_when_due('host', lambda: {'cores': 1})"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(6)]
    assert [process.wait(60) for process in processes] == [0] * 6
    assert len(Telemetry(manifest, state=tmp_path / "s", environment={}).waiting()) == 1
