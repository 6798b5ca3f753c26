"""The vendor's desk: `glasshouse manifest check|compose|diff|disclose`, as commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = """
[product]
slug = "acme"
name = "Acme"
vendor = "Example"
contact = "privacy@example.com"
parts = ["*.part.toml"]
[purpose.use]
text = "See which features are used."
[identity.instance]
made = "random"
lives = "until it is removed"
[[switch]]
kind = "environment"
name = "ACME_TELEMETRY"
off = "0"
[event.run]
purpose = "use"
[event.run.fields]
command = { type = "enum", values = ["a", "b"], why = "w" }
plugins = { type = "map", why = "w" }
count = { type = "integer", maximum = 10, why = "w" }
"""
PART = """
[part]
of = "acme"
name = "extra"
title = "Acme Extra"
owner = "extra@example.com"
[event.extra_used]
purpose = "use"
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "extra.part.toml").write_text(PART)
    path = tmp_path / "acme.toml"
    path.write_text(MANIFEST)
    return path


def newer(manifest: Path, *changes: tuple[str, str]) -> Path:
    text = manifest.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = manifest.with_name("newer.toml")
    path.write_text(text)
    return path


def run(*words: object, code: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "glasshouse.cli.main", "manifest", *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout, done.stderr


def test_check_counts_and_points_at_risks(manifest: Path) -> None:
    said, risks = run("check", manifest)
    assert "2 items of 1 parts and the whole" in said
    assert f"worth a second look: {manifest.name}" not in said
    assert "a map whose keys may be anything" in risks
    run("check", manifest, "--strict", code=1)
    facts = json.loads(run("check", manifest, "--json")[0])
    assert facts["ok"] is True
    assert facts["risks"][0]["where"] == "event.run.fields.plugins"


def test_check_names_file_and_line(manifest: Path) -> None:
    wrong = newer(manifest, ('type = "integer"', 'type = "integr"'))
    _, said = run("check", wrong, code=2)
    assert "newer.toml:22: event.run.fields.count.type: found 'integr' (did you mean" in said
    (problem,) = json.loads(run("check", wrong, "--json", code=2)[0])["problems"]
    assert problem["at"].endswith("newer.toml:22")


def test_compose_prints_what_checks_by_itself(manifest: Path, tmp_path: Path) -> None:
    composed = tmp_path / "composed.json"
    composed.write_text(run("compose", manifest)[0])
    digest = json.loads(run("check", manifest, "--json")[0])["digest"]
    assert json.loads(run("check", composed, "--json")[0])["digest"] == digest
    assert run("compile", composed)[0] == run("compile", manifest)[0]
    assert run("compose", tmp_path / "none.toml", code=2)[1].count("none.toml") >= 1


def test_disclose_by_part(manifest: Path) -> None:
    assert "Acme Extra" in run("disclose", manifest)[0]
    assert "extra_used" not in run("disclose", manifest, "--parts", "")[0]
    only = run("disclose", manifest, "--only", "extra")[0]
    assert "### extra_used" in only
    assert "### run" not in only
    assert "expected one of: extra" in run("disclose", manifest, "--only", "x", code=2)[1]


def test_diff_says_what_a_release_changes(manifest: Path) -> None:
    release = newer(
        manifest,
        ("command = { ", 'verb = { was = "command", '),
        ("maximum = 10", "maximum = 100"),
        ('type = "map"', 'type = "map", of = "version"'),
        ('slug = "acme"', 'slug = "acme"\nkeep = "36 months"'),
    )
    said, _ = run("diff", manifest, release, code=1)
    assert said.splitlines()[:2] == [
        "+ It is kept for 36 months, no longer for 25 months.",
        "+ event.run.count has 100 as its largest value, no longer 10.",
    ]
    assert "- event.run calls verb what it called command." in said
    assert "- event.run.plugins is sent as map of version, no longer as map." in said
    assert "Widens without being told" in said
    facts = json.loads(run("diff", manifest, release, "--json", code=1)[0])
    assert len(facts["changes"]) == 4
    assert len(facts["untold"]) == 2


def test_diff_of_what_is_told_or_narrower_is_well(manifest: Path) -> None:
    narrower = newer(manifest, ('"a", "b"', '"a"'), ("maximum = 10", "maximum = 5, ended = '2.0'"))
    said, _ = run("diff", manifest, narrower)
    assert "- event.run.count has ended: 2.0. Nobody's is taken from then on." in said
    assert "- event.run.command no longer has the values b." in said
    assert run("diff", manifest, manifest)[0] == "Nothing changes for the people concerned.\n"
    told = newer(
        manifest,
        ('slug = "acme"', 'slug = "acme"\nconsent_version = 2'),
        ("count = {", 'more = { type = "boolean", since = 2, why = "See more." }\ncount = {'),
    )
    assert "+ event.run now also sends more (boolean). See more." in run("diff", manifest, told)[0]


def test_diff_of_parts_and_of_compiled_manifests(manifest: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    before.write_text(run("compile", manifest)[0])
    (tmp_path / "other.part.toml").write_text(PART.replace("extra", "other"))
    said, _ = run("diff", before, manifest, code=1)
    assert "+ New: event.other_used of the part Acme Extra with no fields." in said
    _, error = run("diff", tmp_path / "none.toml", manifest, code=2)
    assert "none.toml" in error
    (tmp_path / "torn.json").write_text('{"format": 1, "items": {}}')
    assert "not whole" in run("diff", tmp_path / "torn.json", manifest, code=2)[1]
    (tmp_path / "broken.json").write_text("{")
    assert "no JSON" in run("diff", tmp_path / "broken.json", manifest, code=2)[1]
