"""Debian's Puppet Server against the collector: its own check for updates, and its own CA."""

import shutil
import time

import debian_puppet
import pytest
from bench.server import free_port
from debian_puppet import IS_REAL
from pe_site import MASTER
from pe_vendor import SERVER

pytestmark = pytest.mark.skipif(
    not IS_REAL, reason="a part of `make test-puppet`: Puppet Server takes minutes to start"
)
RELEASE = {"version": "2016.5.3", "link": "https://example.com/2016.5.3", "message": "A fix"}


@pytest.fixture(scope="module")
def server(vendor, tmp_path_factory):
    vendor.server.change_product(SERVER, {"release": RELEASE})
    started = debian_puppet.PuppetServer(tmp_path_factory.mktemp("debian"), free_port(), vendor.url)
    yield started
    started.stop()
    vendor.server.change_product(SERVER, {"release": None})


def test_pe32_the_link_to_the_fix_reaches_a_real_puppet_server(vendor, server):
    told = f"Newer version {RELEASE['version']} is available! Visit {RELEASE['link']}"
    end = time.monotonic() + 60
    while told not in server.log():
        assert time.monotonic() < end, server.log()[-2000:]
        time.sleep(0.5)
    vendor.settle()
    books = vendor.books(SERVER, "dujour")
    assert (books["received"], books["stored"]) == (1, 0), "a check for updates leaves no row"
    assert books["suppressed"] == {"not_telemetry": 1}


def test_pe27_a_site_is_its_real_authority(vendor, server, site):
    """The certificate is what tells sites apart, here that of a real authority."""
    one = site()
    own = one.root(MASTER) / "etc/puppetlabs/puppet/ssl/certs/ca.pem"
    one.once()
    shutil.copy(server.ca_certificate, own)
    one.once()
    first, second = vendor.check_ins(2, one.license)
    assert first["instance"] == second["instance"]
    assert first["site"] != second["site"]
