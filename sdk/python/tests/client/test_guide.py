"""The guide's code is run as it stands, from top to bottom, in an empty directory."""

import os
import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "client.md"


def test_every_block_of_the_guide_runs(tmp_path, collector, eventually):
    blocks = re.findall(r"```(\w+)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert {kind for kind, _ in blocks} == {"toml", "python", "sh"}
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
    }
    shown = []
    for kind, code in blocks:
        if kind == "toml":
            manifest = code.replace("http://127.0.0.1:8090", collector.url)
            (tmp_path / "acme.toml").write_text(manifest)
            continue
        command = [sys.executable, "-c", code] if kind == "python" else ["sh", "-ec", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), (code, done.stdout, done.stderr)
        shown.append(done.stdout)
        if kind == "python":
            eventually(lambda: collector.items)
            assert collector.items[0]["fields"] == {"command": "run", "seconds": 1.5}
    assert "telemetry is on" in "".join(shown)
    state = tmp_path / "home" / ".local" / "state" / "glasshouse" / "acme"
    assert (state / "answer.json").exists()
