"""The packages, really installed, used, upgraded and removed, against the real collector."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from copied_machine import copied_machine, missing
from dockerfile_parse import DockerfileParser

from glasshouse.cli.manifest import composed_source

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS))

from percona_packages import (  # noqa: E402 (found by the path above)
    DEB,
    DROP,
    FIRST,
    HOME,
    PRODUCTS,
    RPM,
    SECOND,
    UUID,
    build,
    leave_metrics,
)

WHY_NOT = missing()
LIB = "/usr/lib/percona-server-mongodb"
BASE = """
Name: debian-base
Version: 1
Release: 1
Summary: What Debian's own files are to rpm
License: none
BuildArch: noarch
AutoReqProv: no
Provides: /bin/sh
%description
%files
"""

# In one process, which sets up once what all of them use.
pytestmark = [
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
    pytest.mark.xdist_group("percona-packages"),
]


class Vendor:
    """The collector, and how much of Percona's has come to it."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        server.add_product(composed_source(HOME / "manifest.toml"))

    def received(self):
        books = self.server.call("GET", "/health/accounting")["products"]
        return books.get("psmdb", {}).get("percona", {}).get("received", 0)

    def rows(self, item, instance):
        """What is stored of a host; nothing yet, perhaps."""
        where = f"instance = '{instance}' and snapshot = '{item}'"
        return self.server.sql(f"select version, fields from snapshots where {where}")["rows"]


@pytest.fixture(scope="module")
def vendor(shared_server):
    return Vendor(shared_server)


@pytest.fixture(scope="module")
def dist(vendor, tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"), vendor.url)


@pytest.fixture
def machine(dist, tmp_path):
    (tmp_path / "machine").mkdir()
    with copied_machine(tmp_path / "machine", dist) as copy:
        yield copy


def instance_of(machine):
    return machine.run("cat", UUID).splitlines()[0].removeprefix("instanceId:")


def test_pc21_pc24_installed_reported_upgraded_removed_and_purged(machine, vendor, eventually):
    before = vendor.received()
    machine.run("apt-get", "install", "-y", "/mnt/agent.deb", DEB.format(FIRST))
    assert vendor.received() == before + 1
    kept = machine.run("cat", UUID)
    instance = instance_of(machine)
    (row,) = eventually(lambda: vendor.rows("host", instance))
    assert row["version"] == FIRST
    assert "PRODUCT_FAMILY_PSMDB:1" in kept

    machine.run("dpkg", "-i", DEB.format(FIRST))  # apt reads all its lists each time
    machine.run("apt-get", "install", "-y", DEB.format(SECOND))
    assert vendor.received() == before + 1, "once per host, over upgrades"
    assert machine.run("cat", UUID) == kept

    # The daily metrics: written by the database, sent by the agent as the same host.
    machine.run("dpkg", "--configure", "--pending")
    database = "mongod --dbpath /data --setParameter perconaTelemetryGracePeriod=1"
    machine.sh(f"install -d -o nobody /data; timeout 4 setpriv --reuid nobody {database}", code=124)
    machine.run("glasshouse-agent", "--once")
    (row,) = eventually(lambda: vendor.rows("database", instance))
    assert row["version"] == SECOND
    assert machine.sh(f"ls -A {DROP}") == ""

    machine.run("dpkg", "--remove", "percona-server-mongodb")
    machine.sh(f"! test -e {LIB} && ! test -e {PRODUCTS}/psmdb.json")
    assert machine.run("cat", UUID) == kept
    machine.run("dpkg", "-i", DEB.format(SECOND))
    assert vendor.received() == before + 2, "the installation, and a day of the database"
    machine.run("apt-get", "purge", "-y", "percona-server-mongodb", "glasshouse-agent")
    left = f"/usr/local/percona {PRODUCTS} /etc/mongod.conf {LIB}"
    assert machine.sh(f"ls -d {left} 2>/dev/null || true") == ""


def test_a_purge_leaves_the_id_to_the_vendor_s_other_products(machine):
    other = "instanceId:6aef422e-56a7-4530-af9d-94cc02198343\nPRODUCT_FAMILY_PS:1\n"
    machine.sh(f"mkdir -p /usr/local/percona; printf '%s' '{other}' > {UUID}")
    machine.run("dpkg", "-i", DEB.format(FIRST))
    assert machine.run("cat", UUID) == other + "PRODUCT_FAMILY_PSMDB:1\n"
    machine.run("dpkg", "--purge", "percona-server-mongodb")
    assert machine.run("cat", UUID) == other


def test_pc22_pc24_refused_at_the_installation_there_are_no_rows_ever(machine, vendor):
    before = vendor.received()
    machine.run(
        "env", "PERCONA_TELEMETRY_DISABLE=1", "apt-get", "install", "-y", "/mnt/agent.deb",
        DEB.format(FIRST),
    )  # fmt: skip
    machine.run("dpkg", "--configure", "--pending")
    machine.run("dpkg", "-i", DEB.format(SECOND))
    leave_metrics(machine)
    machine.run("glasshouse-agent", "--once")
    machine.run("dpkg", "-i", DEB.format(FIRST))
    assert machine.sh(f"ls {DROP}") == ""
    assert vendor.received() == before
    machine.sh(f"! test -e {UUID} && test -e {PRODUCTS}/psmdb.refused")


@pytest.fixture
def rpm(machine):
    if missing("rpmbuild", "dnf"):
        pytest.skip(missing("rpmbuild", "dnf"))
    spec = machine.root.parent.parent / "debian-base.spec"
    spec.write_text(BASE)
    topdir = f"_topdir {spec.parent}/rpm"
    subprocess.run(["rpmbuild", "-bb", spec, "--define", topdir], check=True, capture_output=True)
    (package,) = spec.parent.glob("rpm/RPMS/*/*.rpm")
    return machine, package


def dnf(machine, *words, **environ):
    root = f"--installroot={machine.root}"
    options = ["--disablerepo=*", "--setopt=reposdir=/nonexistent", "--releasever=9", "-q", "-y"]
    return machine.run("dnf", root, *options, *words, inside=False, **environ)


def test_pc25_the_rpm_installed_by_dnf_reports_once_and_keeps_a_refusal(rpm, vendor, dist):
    machine, base = rpm
    before = vendor.received()
    first, second = (str(dist / Path(RPM.format(v)).name) for v in (FIRST, SECOND))
    dnf(machine, "install", str(base), first)
    assert vendor.received() == before + 1
    kept = machine.run("cat", UUID)
    dnf(machine, "upgrade", second)
    assert vendor.received() == before + 1
    assert machine.run("cat", UUID) == kept
    dnf(machine, "remove", "percona-server-mongodb")
    machine.sh(f"rm -r /usr/local/percona && ! test -e {LIB}")
    dnf(machine, "install", first, PERCONA_TELEMETRY_DISABLE="1")
    dnf(machine, "upgrade", second)
    assert vendor.received() == before + 1
    machine.sh(f"test -e {PRODUCTS}/psmdb.refused && ! test -e {UUID}")


@pytest.fixture
def container(machine, dist):
    """The image, built on the copied machine as its Containerfile says; `start` is `docker run`."""
    with (dist / "image" / "Containerfile").open("rb") as file:
        image = DockerfileParser(fileobj=file)
        environ, steps = dict(image.envs), image.structure
    said = {step["instruction"]: step["value"] for step in steps}
    machine.run("dpkg", "-i", DEB.format(SECOND), **environ)
    for words in said["RUN"].split("&&"):
        if words.split()[0] in ("install", "chown"):
            machine.sh(words)

    def start(**more):
        command = [*shlex.split(said["ENTRYPOINT"].strip("[]").replace(",", " "))]
        user = ["setpriv", "--reuid", said["USER"], "--clear-groups"]
        machine.run(*user, *command, "mongod", "--version", **environ, **more)

    return machine, start


def test_pc16_pc26_a_container_reports_at_its_first_start_alone(container, vendor, eventually):
    machine, start = container
    before = vendor.received()
    start()
    assert vendor.received() == before + 1
    instance = instance_of(machine)
    (row,) = eventually(lambda: vendor.rows("host", instance))
    assert json.loads(row["fields"])["deployment"] == "DOCKER"
    start()
    assert vendor.received() == before + 1


def test_pc26_a_container_started_with_the_variable_never_reports(container, vendor):
    machine, start = container
    before = vendor.received()
    start(PERCONA_TELEMETRY_DISABLE="1")
    start(PERCONA_TELEMETRY_DISABLE="1")
    assert vendor.received() == before
    machine.sh(f"! test -e {UUID}")
