"""An export is what would have left, readable, carried out, and counted once."""

import json
import os
import subprocess
import sys


def deliver(manifest, collector, file, code=0, key="k"):
    done = subprocess.run(
        [sys.executable, "-m", "glasshouse_sdk", "--manifest", manifest, "--state",
         os.path.dirname(manifest) + "/elsewhere", "--endpoint", collector.url, "--key", key,
         "deliver", str(file), "--json"],
        capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout or done.stderr


def test_an_export_is_what_would_have_left_and_leaves_nothing_behind(
    sdk, product, collector, tmp_path, manifest
):
    product("for n in range(1200): telemetry.record('done', count=n % 1000, message='x')")
    preview = json.loads(sdk("preview", "--json"))["body"]
    file = tmp_path / "export.json"
    assert json.loads(sdk("export", str(file), "--json"))["items"] == 1200
    assert collector.requests == []
    cargo = json.loads(file.read_text())
    assert cargo["requests"][0]["body"] == preview
    assert len(cargo["requests"]) > 1
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    secret = (tmp_path / "state" / "secret").read_text().strip()
    assert secret not in file.read_text()
    assert json.loads(sdk("status", "--json"))["waiting"] == 0
    history = json.loads(sdk("history", "--json"))
    assert [e["attempts"][0]["verdict"] for e in history] == ["exported"] * len(cargo["requests"])
    assert "Nothing waits" in sdk("export", str(tmp_path / "second.json"))
    assert not (tmp_path / "second.json").exists()

    results = json.loads(deliver(manifest, collector, file))
    assert {one["verdict"] for one in results} == {"acknowledged"}
    assert [body.decode() for body in collector.bodies] == [r["body"] for r in cargo["requests"]]
    proof = collector.requests[0]["headers"]["Glasshouse-Proof"]
    deliver(manifest, collector, file)  # carried in twice
    ids = [item["id"] for item in collector.items]
    assert (len(ids), len(set(ids))) == (2400, 1200)
    product("telemetry.record('done', count=1); telemetry.send(20)")
    assert collector.requests[-1]["headers"]["Glasshouse-Proof"] == proof


def test_an_export_never_replaces_a_file(sdk, product, tmp_path):
    product("telemetry.record('done', count=1)")
    file = tmp_path / "export.json"
    file.write_text("the export of last month")
    assert "expected a new name" in sdk("export", str(file), code=2)
    assert file.read_text() == "the export of last month"
    assert json.loads(sdk("status", "--json"))["waiting"] == 1


def test_a_refusal_exports_nothing(sdk, product, tmp_path):
    product("telemetry.record('done', count=1)")
    file = tmp_path / "export.json"
    assert "Nothing waits" in sdk("export", str(file), DO_NOT_TRACK="1")
    assert not file.exists()


def test_what_is_no_export_or_not_taken_is_said_so(sdk, product, collector, tmp_path, manifest):
    other = tmp_path / "other.json"
    for text in ("", "[]", "{}", '{"format": 2}', '{"format": 1, "requests": [1]}'):
        other.write_text(text)
        assert "expected" in deliver(manifest, collector, other, code=2)
    product("telemetry.record('done', count=1)")
    file = tmp_path / "export.json"
    sdk("export", str(file))
    other.write_text(file.read_text().replace('"product": "acme"', '"product": "other"'))
    assert "expected one of acme" in deliver(manifest, collector, other, code=2)
    collector.mode = "503"
    (result,) = json.loads(deliver(manifest, collector, file, code=1))
    assert (result["verdict"], result["problem"]) == ("retry", "answered 503 busy")
