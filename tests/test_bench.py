"""The comparisons with others: each shown with our own part in the other's place."""

import contextlib
import subprocess
import sys
from pathlib import Path

from bench.faults.adapters import GLASSHOUSE
from bench.faults.farends import FarEnd
from bench.faults.running import run
from bench.server import running

ROOT = Path(__file__).parents[1]


def against(*words):
    command = [sys.executable, "-m", "bench.against", *words, "--events", "100"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)


def test_another_server_gets_the_same_load_and_the_ratio_is_told(tmp_path):
    with running(tmp_path / "other") as other:
        url = "http://{}:{}".format(*other.address)
        told = against("--format", "segment", "--url", url, "--key", other.key)
        assert told.returncode == 0, told.stderr
        assert other.wait_until_stored(3 * (100 + 100 + 800)) < 60
        lines = told.stdout.splitlines()[3:]
        assert [line[:6] for line in lines] == ["page v", "events", "events"]
        assert all(0.01 < float(line[26:].split()[2]) < 100 for line in lines)
        refused = against("--format", "umami", "--url", url, "--key", "none")
        assert refused.returncode == 1
        assert "did not take the load: /api/send: 404" in refused.stderr


def test_what_a_killed_process_recorded_is_counted_at_the_far_end(tmp_path):
    with contextlib.closing(FarEnd("ok")) as far_end:
        run(sys.executable, GLASSHOUSE, far_end.url, tmp_path / "home", items=50, ending="SIGKILL")
        run(sys.executable, GLASSHOUSE, far_end.url, tmp_path / "home", items=0, flushes=True)
        assert len(set(far_end.marks)) == 50
