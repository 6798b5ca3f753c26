"""The installation program against the real collector, down to the store."""

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[1]


def test_pc11_to_pc19_an_installation_is_in_the_store_once(fresh_server, tmp_path, eventually):
    fresh_server.add_product((HOME / "manifest.toml").read_bytes())
    for version in ("8.0.12-4", "8.0.13-5"):
        install(tmp_path, fresh_server.url, version)
    stored = eventually(
        lambda: fresh_server.sql("select instance, version, fields from snapshots")["rows"]
    )
    accounting = fresh_server.call("GET", "/health/accounting")
    file = (tmp_path / "percona" / "telemetry_uuid").read_text().splitlines()
    assert [row["version"] for row in stored] == ["8.0.12-4"]
    assert file == [f"instanceId:{stored[0]['instance']}", "PRODUCT_FAMILY_PSMDB:1"]
    door = accounting["products"]["psmdb"]["percona"]
    assert (door["received"], door["stored"], accounting["difference"]) == (1, 1, 0)


def install(directory, endpoint, version):
    command = [
        sys.executable, HOME / "psmdb_telemetry", "--package", "--version", version,
        "--telemetry-uuid", directory / "percona" / "telemetry_uuid", "--endpoint", endpoint,
    ]  # fmt: skip
    result = subprocess.run(
        command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
