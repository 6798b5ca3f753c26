"""The installation program against the real collector, down to the store."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from glasshouse.cli.connection import running_server
from glasshouse.cli.server_process import ServerProcess

HOME = Path(__file__).parents[1]


def test_pc11_to_pc19_an_installation_is_in_the_store_once(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with ServerProcess(data, f"127.0.0.1:{free_port()}") as process:
        process.wait_until_ready()
        server = running_server(data)
        server.call("POST", "/api/v1/products", content=(HOME / "manifest.toml").read_bytes())
        for version in ("8.0.12-4", "8.0.13-5"):
            install(tmp_path, server.url, version)
        stored = wait_for_rows(server, "select instance, version, fields from snapshots")
        accounting = server.call("GET", "/health/accounting")
    file = (tmp_path / "percona" / "telemetry_uuid").read_text().splitlines()
    assert [row["version"] for row in stored] == ["8.0.12-4"]
    assert file == [f"instanceId:{stored[0]['instance']}", "PRODUCT_FAMILY_PSMDB:1"]
    door = accounting["products"]["psmdb"]["percona"]
    assert (door["received"], door["stored"], accounting["difference"]) == (1, 1, 0)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def install(directory, endpoint, version):
    command = [
        sys.executable, HOME / "psmdb_telemetry", "--package", "--version", version,
        "--telemetry-uuid", directory / "percona" / "telemetry_uuid", "--endpoint", endpoint,
    ]  # fmt: skip
    result = subprocess.run(
        command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def wait_for_rows(server, sql):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rows = server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
        if rows:
            return rows
        time.sleep(0.2)
    raise AssertionError("nothing was stored within 30 s")
