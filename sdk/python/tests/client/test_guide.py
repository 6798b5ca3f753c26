"""The guides' code is run as it stands, from top to bottom, in an empty directory."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from glasshouse_sdk.manifest import compiled_text, parse_manifest

GUIDES = Path(__file__).parents[4] / "docs" / "guides"


def blocks_of(guide):
    return re.findall(r"```(\w+)\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL)


@pytest.fixture
def run(tmp_path):
    """Runs one block of a guide, which must succeed without a word on stderr: what it printed."""
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
    }

    def run(kind, code):
        command = [sys.executable, "-c", code] if kind == "python" else ["sh", "-ec", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), (code, done.stdout, done.stderr)
        return done.stdout

    return run


def manifest_of_the_guide(collector):
    (text,) = [code for kind, code in blocks_of("client.md") if kind == "toml"]
    return text.replace("http://127.0.0.1:8090", collector.url)


def test_every_block_of_the_first_guide_runs(tmp_path, collector, eventually, run):
    blocks = blocks_of("client.md")
    assert {kind for kind, _ in blocks} == {"toml", "python", "sh"}
    shown = []
    for kind, code in blocks:
        if kind == "toml":
            (tmp_path / "acme.toml").write_text(manifest_of_the_guide(collector))
            continue
        shown.append(run(kind, code))
        if kind == "python":
            eventually(lambda: collector.items)
            assert collector.items[0]["fields"] == {"command": "run", "seconds": 1.5}
    assert "telemetry is on" in "".join(shown)
    state = tmp_path / "home" / ".local" / "state" / "glasshouse" / "acme"
    assert (state / "answer.json").exists()


def test_every_block_of_the_guide_to_manifests_runs(tmp_path, run):
    """Its files are saved under the name that their first line gives."""
    printed = []
    for kind, code in blocks_of("manifests.md"):
        if kind == "toml":
            path = tmp_path / code.splitlines()[0].removeprefix("# ")
            path.parent.mkdir(exist_ok=True)
            path.write_text(code)
        else:
            printed.append(run(kind, code))
    shown = "".join(printed)
    assert "2 items of 1 parts and the whole" in shown
    assert "event.pipeline_finished Pipelines ['See how long pipelines are.']" in shown
    assert "of the part Pipelines" in shown
    assert "- event.job_finished calls duration what it called seconds." in shown


@pytest.mark.parametrize(
    ("guide", "items"), [("server.md", 0), ("package-script.md", 1), ("agent.md", 1)]
)
def test_every_block_of_the_other_guides_runs(guide, items, tmp_path, collector, run):
    manifest = manifest_of_the_guide(collector).replace('"detached"', '"agent"')
    (tmp_path / "acme.json").write_text(compiled_text(parse_manifest(manifest)))
    python = "".join(code for kind, code in blocks_of(guide) if kind == "python")
    if python:
        run("python", python)
    for kind, code in blocks_of(guide):
        if kind == "sh":
            run(kind, code)
    assert len(collector.items) == items
