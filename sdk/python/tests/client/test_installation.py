"""A refusal that root gives at the installation is found by every other user."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import glasshouse_sdk
from glasshouse_sdk import Telemetry

STICKY = (
    'off = "0, false or no"',
    'off = "0, false or no"\nsticky = true\ncovers = ["telemetry", "updates"]',
)
NOBODY = 54321
SEEN = """
import sys, json
sys.path.insert(0, sys.argv[1])
from glasshouse_sdk import Telemetry
telemetry = Telemetry(json.load(sys.stdin), state=sys.argv[2], installation=sys.argv[3],
                      environment={}, sends_at_exit=False, strict=True)
telemetry.record('done', count=1)
print(telemetry.consent)
"""


@pytest.fixture
def sticky(manifest_with):
    return manifest_with(STICKY)


def refuse(manifest, tmp_path, **options):
    Telemetry(
        manifest, state=tmp_path / "root", installation=tmp_path / "shared", strict=True,
        environment={"ACME_TELEMETRY": "0"}, **options,
    )  # fmt: skip


def consent(manifest, tmp_path, state="other"):
    telemetry = Telemetry(
        manifest, state=tmp_path / state, installation=tmp_path / "shared", environment={}
    )
    telemetry.record("done", count=1)
    return telemetry.consent


def test_it_holds_for_every_state_directory(sticky, tmp_path, sdk):
    (tmp_path / "shared").mkdir()
    assert consent(sticky, tmp_path, "before") == "on"
    before = os.umask(0o077)
    try:
        refuse(sticky, tmp_path)
    finally:
        os.umask(before)
    kept = tmp_path / "shared" / "acme.refused"
    assert oct(kept.stat().st_mode & 0o777) == "0o644"
    assert consent(sticky, tmp_path) == "off"
    assert not (tmp_path / "other").exists()
    said = sdk("--installation", str(tmp_path / "shared"), "why", manifest=sticky, code=1)
    assert str(kept) in said
    assert "ACME_TELEMETRY said off on 20" in said
    kept.unlink()
    assert consent(sticky, tmp_path) == "on"


def test_what_cannot_be_read_is_off_and_what_is_not_there_says_nothing(sticky, tmp_path):
    assert consent(sticky, tmp_path) == "on", "no such directory"
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "acme.refused").mkdir()
    assert consent(sticky, tmp_path, "second") == "off"


def test_only_a_sticky_refusal_is_kept_for_all(manifest, tmp_path):
    (tmp_path / "shared").mkdir()
    refuse(manifest, tmp_path)
    assert os.listdir(tmp_path / "shared") == []


def test_a_sender_hears_of_it(sticky, tmp_path, collector):
    (tmp_path / "shared").mkdir()
    telemetry = Telemetry(
        sticky, state=tmp_path / "own", installation=tmp_path / "shared", environment={},
        endpoint=collector.url, key="k",
    )  # fmt: skip
    telemetry.record("done", count=1)
    refuse(sticky, tmp_path)
    telemetry.send(20)
    assert collector.requests == []
    assert not (tmp_path / "own").exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root, to become another user",
)
def test_another_user_finds_what_root_refused(sticky, tmp_path):
    for directory in (tmp_path, *tmp_path.parents):
        if not directory.stat().st_mode & 0o001:
            directory.chmod(directory.stat().st_mode | 0o011)
    (tmp_path / "shared").mkdir()
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    source = tmp_path / "source"  # the checkout may not be readable for others
    shutil.copytree(os.path.dirname(glasshouse_sdk.__file__), source / "glasshouse_sdk")
    words = ["setpriv", "--reuid", str(NOBODY), "--clear-groups", sys.executable, "-c", SEEN]

    def seen() -> str:
        with open(sticky, "rb") as manifest:
            done = subprocess.run(
                [*words, str(source), str(home / "state"), str(tmp_path / "shared")],
                stdin=manifest, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
        if "Permission denied" in done.stderr and not done.stdout:
            pytest.skip("the interpreter is not readable for other users")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert seen() == "on"
    assert len(os.listdir(home / "state" / "spool")) == 1
    refuse(sticky, tmp_path)
    assert json.loads((tmp_path / "root" / "answer.json").read_text())
    assert seen() == "off"
    assert not (home / "state").exists(), "and what waited there is gone"
