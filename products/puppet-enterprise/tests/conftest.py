"""PuppetDB: recorded, or the real one of Debian under PUPPET=real (`make test-puppet`)."""

import itertools
import sys
import uuid
from pathlib import Path

import pytest
from bench.server import free_port

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import debian_puppet  # noqa: E402 (found by the path above)
from pe_site import (  # noqa: E402 (found by the path above)
    FACTS,
    LICENSE,
    MASTER,
    UUID,
    RecordedPuppetDb,
    Site,
)
from pe_vendor import Vendor  # noqa: E402 (found by the path above)

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def puppetdb(tmp_path_factory):
    """Its address."""
    if not debian_puppet.IS_REAL:
        recorded = RecordedPuppetDb()
        yield recorded.url
        recorded.stop()
        return
    missing = debian_puppet.missing()
    assert not missing, f"PUPPET=real: {missing} missing; run `make test-puppet` as root"
    directory = tmp_path_factory.mktemp("debian")
    postgres = debian_puppet.Postgres(free_port())
    try:
        database = debian_puppet.PuppetDb(directory, free_port(), postgres.port)
        try:
            for certname, facts in FACTS.items():
                database.facts(certname, facts)
            database.deactivate(list(FACTS)[-1])
            yield database.url
        finally:
            database.stop()
    finally:
        postgres.stop()


@pytest.fixture(scope="module")
def vendor(shared_server):
    return Vendor(shared_server)


@pytest.fixture
def site(vendor, puppetdb, tmp_path):
    """Makes sites of customers, each with a license of its own."""

    def make(name="site", **more):
        os_release = tmp_path / "os-release"
        os_release.write_text('NAME="CentOS Linux"\nID="centos"\n')
        made = Site(
            tmp_path / name, endpoint=vendor.url, key=vendor.key, puppetdb=puppetdb,
            **{"os-release": str(os_release)}, **more,
        )  # fmt: skip
        made.license = str(uuid.UUID(int=next(numbers)))
        path = made.root(MASTER) / "etc/puppetlabs/license.key"
        path.write_text(LICENSE.replace(UUID, made.license))
        return made

    return make
