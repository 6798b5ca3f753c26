"""For the developers of products: typed stubs, and assertions on what was recorded."""

import subprocess
import sys

import pytest

from glasshouse_sdk.testing import recorded
from glasshouse_sdk.values import RefusedError

GOOD = """
from datetime import timedelta
from acme_telemetry import Acme
from glasshouse_sdk import Telemetry
acme = Acme(Telemetry("acme.json"))
acme.done(command="run", seconds=timedelta(seconds=1), count=1, stages=["a"], plugins={"git": 2})
acme.host(cores=4)
"""
BAD = {
    "acme.done(comand='run')": "Unexpected keyword argument",
    "acme.done(command='walk')": "incompatible type",
    "acme.done(count='1')": "incompatible type",
    "acme.host()": "Missing named argument",
    "acme.dnoe()": "has no attribute",
}


def checked(directory, text):
    (directory / "product.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "cache", "product.py"],
        cwd=directory, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_mypy_rejects_what_is_undeclared(sdk, tmp_path):
    assert "Wrote" in sdk("stubs", "--output", str(tmp_path / "acme_telemetry.py"))
    done = checked(tmp_path, GOOD)
    assert done.returncode == 0, done.stdout
    done = checked(tmp_path, GOOD + "\n".join(BAD))
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == len(BAD), done.stdout
    for line, expected in zip(errors, BAD.values(), strict=True):
        assert expected in line


def test_the_stubs_record(sdk, manifest):
    namespace: dict = {}
    exec(sdk("stubs"), namespace)
    with recorded(manifest) as recording:
        namespace["Acme"](recording.telemetry).done(command="run", count=2)
    assert recording.fields("done") == [{"command": "run", "count": 2}]


def test_what_was_recorded_can_be_asserted(manifest_with, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")  # of the developer's own machine
    manifest = manifest_with(('slug = "acme"', 'slug = "acme"\nnotice = "first-run"'))
    with recorded(manifest, version="1.2.3") as recording:
        recording.telemetry.record("done", command="run", size=57)
        assert recording.fields("done") == [{"command": "run", "size": 10}]
        with pytest.raises(RefusedError, match="undeclared_field"):
            recording.telemetry.record("done", comand="run")
        with pytest.raises(ValueError, match="undeclared_item"):
            recording.fields("dnoe")
    assert recording.items[0]["version"] == "1.2.3"
    assert recording.fields("host") == []
