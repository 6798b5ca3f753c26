"""The packages of Percona Server for MongoDB, and what is done with them on a copied machine."""

import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[1]
REPOSITORY = HOME.parents[1]
SERVER = HOME / "packaging" / "build.py"
AGENT = REPOSITORY / "sdk" / "python" / "packaging" / "build_agent.py"
FIRST, SECOND = "8.0.12-4", "8.0.13-5"
PRODUCTS, DROP = "/etc/glasshouse/products", "/var/spool/glasshouse/psmdb"
UUID = "/usr/local/percona/telemetry_uuid"
DEB = "/mnt/percona-server-mongodb_{}_all.deb"
RPM = "/mnt/percona-server-mongodb-{}.noarch.rpm"
ITEM = (
    '{"item": "snapshot.database", "fields": {"source": "mongod", "pillar_version": "8.0.12-4", '
    '"db_instance_id": "6655eb3ba3b0d1a4d5f2c7e1"}}'
)


def build(output: Path, endpoint: str) -> Path:
    """Two versions of the server, and the agent, in one directory."""
    for words in (
        [SERVER, output, "--endpoint", endpoint, "--version", FIRST],
        [SERVER, output, "--endpoint", endpoint, "--version", SECOND],
        [AGENT, output],
    ):
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    (agent,) = output.glob("glasshouse-agent_*.deb")
    shutil.move(agent, output / "agent.deb")
    return output


def leave_metrics(machine) -> None:
    """As a database does it."""
    machine.sh(
        f"mkdir -p {DROP}; echo '{ITEM}' > {DROP}/.new; mv {DROP}/.new {DROP}/1795357118-a.json"
    )


def run_agent(machine, **environ: str) -> str:
    """One round of the agent, from its one file, as root of a machine without its package."""
    words = ("/mnt/glasshouse-agent.pyz", "--once", "--json")
    return machine.run("/usr/bin/python3", *words, code=None, **environ)
