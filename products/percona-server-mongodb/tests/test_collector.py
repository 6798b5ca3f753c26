"""The installation program against the real collector, down to the store."""

import getpass
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from glasshouse.cli.manifest import composed_source

HOME = Path(__file__).parents[1]


def test_pc01_pc11_to_pc19_an_installation_is_in_the_store_once_and_answered(
    fresh_server, tmp_path, eventually
):
    fresh_server.add_product(composed_source(HOME / "manifest.toml"))
    for version in ("8.0.12-4", "8.0.13-5"):
        install(tmp_path, fresh_server.url, version)
    stored = eventually(
        lambda: fresh_server.sql("select instance, version, fields from snapshots")["rows"]
    )
    accounting = fresh_server.call("GET", "/health/accounting")
    file = (tmp_path / "percona" / "telemetry_uuid").read_text().splitlines()
    assert [row["version"] for row in stored] == ["8.0.12-4"]
    assert file == [f"instanceId:{stored[0]['instance']}", "PRODUCT_FAMILY_PSMDB:1"]
    asked = {"product": ["psmdb"], "field": ["snapshot.host.OS"]}
    (row,) = fresh_server.ask("field_distribution", asked)["rows"]
    assert (row["value"], row["instances"]) == (json.loads(stored[0]["fields"])["OS"], 1)
    door = accounting["products"]["psmdb"]["percona"]
    assert (door["received"], door["stored"], accounting["difference"]) == (1, 1, 0)


def test_pc06_pc07_every_read_is_recorded_and_shows_nothing_of_a_person_or_a_host_s_name(
    fresh_server, tmp_path, eventually
):
    fresh_server.add_product(composed_source(HOME / "manifest.toml"))
    install(tmp_path, fresh_server.url, "8.0.12-4")
    sql = "select * from psmdb.snapshot_host"
    (row,) = eventually(lambda: fresh_server.sql(sql)["rows"])
    told = json.dumps(row)
    for name in (socket.gethostname(), getpass.getuser() + "@", "127.0.0.1", str(tmp_path)):
        assert name not in told
    read = fresh_server.log("raw-reads", 1)[0]
    assert (read["what"].split()[0], read["way"]) == ("sql", "machine")


def install(directory, endpoint, version):
    command = [
        sys.executable, HOME / "psmdb_telemetry", "--package", "--version", version,
        "--telemetry-uuid", directory / "percona" / "telemetry_uuid", "--endpoint", endpoint,
    ]  # fmt: skip
    result = subprocess.run(
        command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
