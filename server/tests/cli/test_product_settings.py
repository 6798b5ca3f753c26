"""`glasshouse product set`: on a data directory, and through the server that has it."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from glasshouse.cli.server_process import ServerProcess

MANIFEST = Path(__file__).parents[3] / "products/percona-server-mongodb/manifest.toml"


def glasshouse(*words):
    command = [sys.executable, "-m", "glasshouse.cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def settings(*words):
    done = glasshouse("product", "set", "psmdb", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["settings"]


def test_settings_without_and_with_a_server(tmp_path):
    data = tmp_path / "data"
    assert glasshouse("product", "add", MANIFEST, "--data", data).returncode == 0
    release = ("--release", "8.0", "--link", "https://example.com/8.0", "--message", "It is out")
    found = settings("--data", data, *release, "--rate", "1000")
    assert found["release"] == {
        "version": "8.0",
        "link": "https://example.com/8.0",
        "message": "It is out",
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    with ServerProcess(data, listen) as server:
        server.wait_until_ready()
        assert settings("--data", data, "--ended", "yes")["ended"] is True
        answer = httpx.post(
            f"{server.url}/v1/telemetry/GenericReport", json={"reports": []}, timeout=30
        )
        assert answer.status_code == 200  # a report names its product; here is none
        assert settings("--data", data, "--ended", "no", "--rate", "none")["rate"] is None
        refused = glasshouse("product", "set", "psmdb", "--data", data, "--allow", "event.x")
        assert refused.returncode == 2
        assert "expected" in refused.stderr or "manifest" in refused.stderr
        assert glasshouse("product", "set", "none", "--data", data).returncode == 1
    assert settings("--data", data, "--release", "none")["release"] is None
