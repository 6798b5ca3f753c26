"""Who decides, over which values, and what is left when it says off."""

import json
import os
import re
import subprocess
import sys

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.manifest import ManifestError
from glasshouse_sdk.off import parse_off

OFF_IF_SET = "any value but empty and 0"
OFF_IF_NO = "0, false or no"
OFF_IF_YES = "1 or true"

VALUES = [
    (OFF_IF_NO, "0", True),
    (OFF_IF_NO, " 0 ", True),
    (OFF_IF_NO, "FALSE", True),
    (OFF_IF_NO, "off", True),
    (OFF_IF_NO, "", True),
    (OFF_IF_NO, "2", True),
    (OFF_IF_NO, "foo", True),
    (OFF_IF_NO, "\udcff", True),
    (OFF_IF_NO, "1", False),
    (OFF_IF_NO, "TRUE", False),
    (OFF_IF_NO, "yes", False),
    (OFF_IF_NO, "on", False),
    (OFF_IF_SET, "1", True),
    (OFF_IF_SET, "yes", True),
    (OFF_IF_SET, "false", True),
    (OFF_IF_SET, "no", True),
    (OFF_IF_SET, "", False),
    (OFF_IF_SET, "0", False),
    (OFF_IF_YES, "1", True),
    (OFF_IF_YES, "yes", True),
    (OFF_IF_YES, "2", True),
    (OFF_IF_YES, "perhaps", True),
    (OFF_IF_YES, "0", False),
    (OFF_IF_YES, "no", False),
    (OFF_IF_YES, "", False),
    ("any value", "", True),
    ("any value", "0", True),
    ("minimal", "minimal", True),
    ("minimal", "full", True),
    ('"not now", none', "Not Now", True),
    ("empty", "", True),
    ("empty", "null", True),
    ("empty", "~", True),
    ("empty", "false", True),
    ("empty", "xyz123", False),
    ("empty", "0b7c", False),
]


@pytest.mark.parametrize(("off", "value", "expected"), VALUES)
def test_values_of_a_switch(off, value, expected):
    assert parse_off(off).is_off(value) is expected


@pytest.mark.parametrize(("off", "value", "expected"), VALUES)
def test_the_product_obeys_the_same_values(manifest_with, tmp_path, off, value, expected):
    manifest = manifest_with(('off = "0, false or no"', f"off = '{off}'"))
    telemetry = Telemetry(
        manifest, state=tmp_path / "state", strict=True, environment={"ACME_TELEMETRY": value}
    )
    telemetry.record("done", count=1)
    assert any((tmp_path / "state").rglob("*.open")) is not expected


@pytest.mark.parametrize(
    "text", ["", "whenever you like", "0,,1", "0 1", "any value but", "not '", ", 0", "0 or"]
)
def test_an_off_text_that_cannot_be_obeyed_is_a_problem_of_the_manifest(text, manifest_with):
    assert parse_off(text) is None
    if text:
        with pytest.raises(ManifestError, match=r"switch\[1\]\.off"):
            manifest_with(('off = "0, false or no"', f'off = "{text}"'))


DO_NOT_TRACK = [
    ("1", True),
    ("true", True),
    ("false", True),
    (" ", True),
    ("", False),
    ("0", False),
]


@pytest.mark.parametrize(("value", "is_off"), DO_NOT_TRACK)
def test_do_not_track_covers_every_channel(manifest, tmp_path, value, is_off):
    telemetry = Telemetry(manifest, state=tmp_path / "state", environment={"DO_NOT_TRACK": value})
    telemetry.record("done", count=1)
    telemetry.record("host", cores=1)
    assert telemetry.consent == ("off" if is_off else "on")
    assert (tmp_path / "state").exists() is not is_off


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("ACME_TELEMETRY", "0", {"snapshot.host"}),
        ("ACME_STATS", "0", {"snapshot.host"}),
        ("ACME_NO_UPDATES", "1", {"event.done"}),
        ("ACME_OTHER", "0", {"event.done", "snapshot.host"}),
    ],
)
def test_a_switch_turns_off_what_it_covers_and_no_more(manifest, tmp_path, name, value, left):
    state = tmp_path / "state"
    telemetry = Telemetry(manifest, state=state, strict=True, environment={name: value})
    telemetry.record("done", count=1)
    telemetry.record("host", cores=1)
    lines = [line for p in (state / "spool").iterdir() for line in p.read_bytes().splitlines()]
    assert {json.loads(line)["item"] for line in lines} == left


def test_an_old_name_that_says_off_wins_over_a_new_one_that_says_on(manifest, tmp_path):
    environment = {"ACME_TELEMETRY": "1", "ACME_STATS": "0", "ACME_NO_UPDATES": "1"}
    assert Telemetry(manifest, state=tmp_path / "s", environment=environment).consent == "off"


@pytest.mark.parametrize("missing", ["on", "off", "ask"])
def test_what_absence_means(manifest_with, tmp_path, missing):
    manifest = manifest_with(
        ('off = "0, false or no"', (f'off = "0, false or no"\nmissing = "{missing}"\n'
         'covers = ["telemetry", "updates"]'))
    )  # fmt: skip
    absent = Telemetry(manifest, state=tmp_path / "a", environment={})
    present = Telemetry(manifest, state=tmp_path / "p", environment={"ACME_TELEMETRY": "yes"})
    assert (absent.consent, present.consent) == (missing, "on")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"*": {}}', '{"*": {"says": "maybe", "at": "", "by": ""}}', "\x00"]
)
def test_an_answer_that_cannot_be_understood_means_off(manifest, tmp_path, content):
    state = tmp_path / "state"
    state.mkdir()
    (state / "answer.json").write_text(content)
    telemetry = Telemetry(manifest, state=state, environment={})
    telemetry.record("done", count=1)
    assert telemetry.consent == "off"
    assert os.listdir(state) == ["answer.json"]


def test_a_sticky_refusal_is_found_again_by_what_is_installed_later(manifest_with, tmp_path):
    manifest = manifest_with(
        ('off = "0, false or no"', ('off = "0, false or no"\nsticky = true\n'
         'covers = ["telemetry", "updates"]'))
    )  # fmt: skip
    state = tmp_path / "state"
    Telemetry(manifest, state=state, strict=True, environment={"ACME_TELEMETRY": "0"})
    assert os.listdir(state) == ["answer.json"]
    later = Telemetry(manifest, state=state, strict=True, environment={})
    later.record("done", count=1)
    assert later.consent == "off"
    assert os.listdir(state) == ["answer.json"]
    answer = state / "answer.json"
    answer.write_text(re.sub('"at": "[^"]*"', '"at": "2020-01-01T00:00:00Z"', answer.read_text()))
    Telemetry(manifest, state=state, strict=True, environment={"ACME_TELEMETRY": "0"})
    assert "2020-01-01" in answer.read_text(), "it keeps the date of the first refusal"


def test_do_not_track_leaves_no_trace_even_of_a_sticky_refusal(manifest_with, tmp_path):
    manifest = manifest_with(('off = "0, false or no"', 'off = "0, false or no"\nsticky = true'))
    environment = {"ACME_TELEMETRY": "0", "DO_NOT_TRACK": "1"}
    Telemetry(manifest, state=tmp_path / "state", strict=True, environment=environment)
    assert not (tmp_path / "state").exists()


def test_off_removes_spool_history_and_identity_and_sends_nothing(
    sdk, product, tmp_path, collector
):
    product("telemetry.record('done', count=1); telemetry.send(20)")
    product("telemetry.record('done', count=2)")
    sent = len(collector.requests)
    assert sent == 1
    state = tmp_path / "state"
    assert {"instance", "destination.json", "spool", "history"} <= set(os.listdir(state))
    sdk("off")
    assert os.listdir(state) == ["answer.json"]
    product("telemetry.record('done', count=3); telemetry.send(5)")
    assert os.listdir(state) == ["answer.json"]
    assert "off" in sdk("send", code=1)
    assert len(collector.requests) == sent
    why = json.loads(sdk("why", "--json", code=1))
    assert why["channels"]["telemetry"]["decided_by"]["name"] == "glasshouse-sdk off"
    sdk("on")
    product("telemetry.record('done', count=4); telemetry.send(20)")
    assert [item["fields"]["count"] for item in collector.items] == [1, 4]


def test_off_for_one_channel_removes_its_items_alone(sdk, product, tmp_path):
    product("telemetry.record('done', count=1); telemetry.record('host', cores=2)")
    sdk("off", "--channel", "telemetry")
    preview = json.loads(sdk("preview", "--json"))
    assert [item["item"] for item in json.loads(preview["body"])["items"]] == ["snapshot.host"]
    product("telemetry.record('done', count=1)")
    assert json.loads(sdk("status", "--json"))["waiting"] == 1
    assert "expected one of" in sdk("off", "--channel", "telemetri", code=2)


def test_off_reaches_a_product_that_is_running(manifest, sdk, tmp_path):
    state = tmp_path / "state"
    telemetry = Telemetry(manifest, state=state, strict=True, environment={})
    telemetry.record("done", count=1)
    sdk("off")
    telemetry.record("done", count=2)
    telemetry.record("done", count=3)
    assert telemetry.consent == "off"
    assert os.listdir(state) == ["answer.json"]


def test_on_says_when_another_switch_overrules_it(sdk):
    text = sdk("on", code=1, ACME_TELEMETRY="0")
    assert "ACME_TELEMETRY" in text
    assert "off wins" in text


def test_children_inherit_a_refusal_whatever_their_home(manifest, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "answer.json").write_text("{")
    code = (
        "import subprocess, sys\nfrom glasshouse_sdk import Telemetry\n"
        f"Telemetry({manifest!r}, state={str(tmp_path / 'state')!r})\n"
        "subprocess.run([sys.executable, '-c', 'from glasshouse_sdk import Telemetry;"
        f't = Telemetry("{manifest}", state="{tmp_path / "other"}");'
        't.record("done", count=1); assert t.consent == "off"\'], check=True)'
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30, env={})
    assert not (tmp_path / "other").exists()


def test_until_the_person_answers_items_are_held(manifest_with, sdk, product, collector):
    manifest = manifest_with(('slug = "acme"', 'slug = "acme"\ndefault = "ask"'))
    product("telemetry.record('done', count=1); telemetry.send(5)", MANIFEST=manifest)
    assert "Nothing would be sent" in sdk("preview", manifest=manifest)
    assert "not yet answered" in sdk("send", code=1, manifest=manifest)
    assert json.loads(sdk("status", "--json", manifest=manifest))["waiting"] == 1
    assert collector.requests == []
    sdk("on", manifest=manifest)
    sdk("send", manifest=manifest)
    assert [item["fields"]["count"] for item in collector.items] == [1]


def test_answers_for_one_channel_while_asking_hold_back_the_others(
    manifest_with, sdk, product, collector
):
    manifest = manifest_with(('slug = "acme"', 'slug = "acme"\ndefault = "ask"'))
    product("telemetry.record('done', count=1); telemetry.record('host', cores=3)",
            MANIFEST=manifest)  # fmt: skip
    sdk("on", "--channel", "updates", manifest=manifest)
    sdk("send", code=1, manifest=manifest)
    assert [item["item"] for item in collector.items] == ["snapshot.host"]
    sdk("on", manifest=manifest)
    sdk("send", manifest=manifest)
    assert [item["item"] for item in collector.items] == ["snapshot.host", "event.done"]
