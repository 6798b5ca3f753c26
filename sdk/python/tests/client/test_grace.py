"""In the grace period after the first start nothing leaves by itself, and a fleet is spread."""

import json
import time
from pathlib import Path

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.consent import decide
from glasshouse_sdk.grace import NAME, begin, quiet_until
from glasshouse_sdk.state import State
from glasshouse_sdk.surroundings import Surroundings

NOW = 1_790_000_000.0
HOUR = 3600.0


@pytest.fixture
def state(tmp_path):
    state = State(str(tmp_path / "state"))
    state.make()
    return state


@pytest.fixture
def graceful(manifest_with):
    def make(way="detached", grace="24h", more=""):
        return manifest_with(
            ('send = "agent"', f'send = "{way}"\ngrace = "{grace}"{more}'), name="graceful.json"
        )

    return make


def until(manifest, state):
    compiled = json.loads(Path(manifest).read_text())
    consent = decide(compiled, Surroundings({}, policy="/nonexistent"), state)
    return quiet_until(state, compiled["product"], consent)


def product_of(manifest):
    return json.loads(Path(manifest).read_text())["product"]


def test_it_counts_from_the_first_start(graceful, state):
    manifest = graceful()
    begin(state, product_of(manifest), NOW, 0.5)
    begin(state, product_of(manifest), NOW + 5 * HOUR, 0.5)
    assert until(manifest, state) == NOW + 24 * HOUR


def test_each_machine_has_its_share_of_the_spread(graceful, tmp_path):
    manifest = graceful(grace="1h", more='\nspread = "10h"')
    found = []
    for chance in (0.0, 0.25, 1.0):
        state = State(str(tmp_path / str(chance)))
        state.make()
        begin(state, product_of(manifest), NOW, chance)
        found.append((until(manifest, state) - NOW) / HOUR)
    assert found == [1.0, 3.5, 11.0]


def test_a_clock_that_was_ahead_makes_nothing_wait_for_years(graceful, state):
    manifest = graceful()
    begin(state, product_of(manifest), NOW + 3650 * 24 * HOUR, 0.5)
    begin(state, product_of(manifest), NOW, 0.5)
    assert until(manifest, state) == NOW + 24 * HOUR


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": "x"}', "\0"])
def test_a_file_that_cannot_be_understood_begins_anew(graceful, state, content):
    manifest = graceful()
    state.write(NAME, content)
    begin(state, product_of(manifest), NOW, 0.5)
    assert until(manifest, state) == NOW + 24 * HOUR


def test_a_manifest_without_it_keeps_no_file(manifest, state):
    begin(state, product_of(manifest), NOW, 0.5)
    assert state.read(NAME) is None
    assert until(manifest, state) == 0.0


@pytest.mark.parametrize("way", ["detached", "inline 5s", "next-run"])
def test_nothing_leaves_by_itself_but_all_is_kept(product, graceful, collector, tmp_path, way):
    manifest = graceful(way)
    for _ in range(2):
        product("telemetry.record('done')", MANIFEST=manifest)
    time.sleep(0.5)
    assert collector.requests == []
    telemetry = Telemetry(manifest, state=tmp_path / "state", environment={})
    assert len(telemetry.waiting()) == 2
    assert telemetry.is_quiet
    assert telemetry.send(5) == "waiting"
    assert collector.requests == []


def test_when_it_is_over_all_is_sent(product, graceful, collector, tmp_path, eventually):
    manifest = graceful()
    product("telemetry.record('done')", MANIFEST=manifest)
    began = tmp_path / "state" / NAME
    facts = json.loads(began.read_text())
    began.write_text(json.dumps({**facts, "at": facts["at"] - 25 * HOUR}))
    product("telemetry.record('done')", MANIFEST=manifest)
    eventually(lambda: sum(len(json.loads(b)["items"]) for b in collector.bodies) == 2)


def test_who_agrees_waits_for_nothing(product, graceful, collector, sdk, eventually):
    manifest = graceful()
    product("telemetry.record('done')", MANIFEST=manifest)
    assert "nothing by itself before" in sdk("status", manifest=manifest)
    sdk("on", manifest=manifest)
    assert "nothing by itself" not in sdk("status", manifest=manifest)
    product("telemetry.record('done')", MANIFEST=manifest)
    eventually(lambda: sum(len(json.loads(b)["items"]) for b in collector.bodies) == 2)


def test_a_person_who_asks_for_it_is_obeyed(product, graceful, collector, sdk):
    manifest = graceful()
    product("telemetry.record('done')", MANIFEST=manifest)
    sdk("send", manifest=manifest)
    assert len(collector.requests) == 1


def test_off_forgets_it(product, graceful, sdk, tmp_path):
    manifest = graceful()
    product("telemetry.record('done')", MANIFEST=manifest)
    sdk("off", manifest=manifest)
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["answer.json"]
