"""A product that says which of its parts are there sends, lists and shows theirs, and no more."""

import json
import subprocess
import sys

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.manifest import compiled_text, read_manifest

WHOLE = """
[product]
slug = "controller"
name = "Controller"
vendor = "Example"
contact = "privacy@example.com"
send = "agent"
parts = ["*.part.toml"]
[purpose.use]
text = "See which features are used."
[identity.instance]
made = "random"
lives = "until it is removed"
[[switch]]
kind = "environment"
name = "CONTROLLER_TELEMETRY"
off = "0"
covers = ["telemetry", "jobs"]
[event.started]
purpose = "use"
"""
PART = """
[part]
of = "controller"
name = "{name}"
title = "The part {name}"
owner = "{name}@example.com"
[event.{name}_used]
purpose = "use"
channel = "{channel}"
[event.{name}_used.fields.times]
type = "integer"
why = "See how often it is used."
"""


@pytest.fixture
def compiled(tmp_path):
    for name, channel in (("a", "telemetry"), ("b", "jobs"), ("c", "telemetry")):
        text = PART.format(name=name, channel=channel)
        (tmp_path / f"{name}.part.toml").write_text(text)
    whole = tmp_path / "controller.toml"
    whole.write_text(WHOLE)
    path = tmp_path / "controller.json"
    path.write_text(compiled_text(read_manifest(whole)))
    return str(path)


def with_parts(compiled, tmp_path, parts, **more):
    return Telemetry(compiled, state=tmp_path / "state", environment={}, parts=parts, **more)


def test_only_what_is_there_is_sent(compiled, tmp_path):
    telemetry = with_parts(compiled, tmp_path, ["a", "c"])
    for name in ("started", "a_used", "b_used", "c_used"):
        telemetry.record(name)
    assert [item["item"] for item in telemetry.waiting()] == [
        "event.started", "event.a_used", "event.c_used",
    ]  # fmt: skip
    assert "b_used" in telemetry.problems[0]


def test_without_a_word_all_are_there_and_with_none_only_the_whole(compiled, tmp_path):
    everything = [i["item"] for i in with_parts(compiled, tmp_path, None).declared()]
    assert len(everything) == 4
    assert [i["item"] for i in with_parts(compiled, tmp_path, []).declared()] == ["event.started"]


def test_the_list_is_that_of_what_is_configured(compiled, tmp_path):
    declared = with_parts(compiled, tmp_path, ["a"]).declared()
    assert [(i["item"], i["part"]) for i in declared] == [
        ("event.started", None), ("event.a_used", "The part a"),
    ]  # fmt: skip
    assert declared[1]["fields"][0]["why"] == "See how often it is used."


def test_a_part_that_is_newer_than_the_manifest_sends_nothing(compiled, tmp_path):
    telemetry = with_parts(compiled, tmp_path, ["a", "zz"])
    telemetry.record("a_used")
    telemetry.record("zz_used")
    assert len(telemetry.waiting()) == 1
    assert "found zz; expected of a, b, c" in telemetry.problems[0]
    with pytest.raises(ValueError, match="zz"):
        with_parts(compiled, tmp_path, ["zz"], strict=True)


def test_the_commands_know_what_the_product_said(compiled, tmp_path):
    def items(*more):
        words = ["--manifest", compiled, "--state", str(tmp_path / "state"), *more]
        done = subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", *words, "list", "--json"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if done.returncode:
            return done.stderr
        return [item["item"].removeprefix("event.") for item in json.loads(done.stdout)]

    assert items() == ["started", "a_used", "b_used", "c_used"]
    assert items("--parts", "b") == ["started", "b_used"]
    with_parts(compiled, tmp_path, ["a", "c"]).record("started")
    assert items() == ["started", "a_used", "c_used"]
    assert items("--parts", "") == ["started"]
    assert "found x; expected of: a, b, c" in items("--parts", "x")


def test_what_a_removed_part_left_behind_stays_at_home(compiled, tmp_path):
    with_parts(compiled, tmp_path, ["a", "b"]).record("b_used")
    left = with_parts(compiled, tmp_path, ["a"])
    left.record("a_used")
    request = left.preview()
    assert request is not None
    assert [i["item"] for i in json.loads(request.body)["items"]] == ["event.a_used"]


def test_a_manifest_without_parts_takes_none(manifest, tmp_path):
    telemetry = with_parts(manifest, tmp_path, ["a"])
    telemetry.record("done", command="run")
    assert len(telemetry.waiting()) == 1


def test_the_digest_is_that_of_the_whole_whatever_is_installed(compiled, tmp_path):
    telemetry = with_parts(compiled, tmp_path, ["a"])
    telemetry.record("a_used")
    digest = json.loads((tmp_path / "controller.json").read_text())["digest"]
    request = telemetry.preview()
    assert request is not None
    assert json.loads(request.body)["manifest"] == digest
