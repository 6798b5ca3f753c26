"""The check for updates, the allow-list that comes with it, and alerts: the same exchange."""

import json

import pytest
from pe_site import MASTER, MONOLITHIC, NO_CHECK, OFF, set_parameter, with_line
from pe_vendor import SERVER

ADVICE = {
    "version": "2016.5.3", "link": "https://puppet.com/security/cve-2017-2292",
    "message": "Security: upgrade before 1 December; 3 steps",
}  # fmt: skip


@pytest.fixture
def told(vendor):
    """The vendor tells of a release with a fix."""
    vendor.server.change_product(SERVER, {"release": ADVICE})
    yield ADVICE
    vendor.server.change_product(SERVER, {"release": None, "allow": None})


def test_pe31_pe32_the_alert_with_its_link_comes_back_in_the_exchange(vendor, told, site):
    """With both channels on one request leaves, and what it is answered is told."""
    checked = site()
    before = vendor.books(SERVER, "dujour")["received"]
    said = checked.once()
    assert said == {"sent": "acknowledged", "update": told}
    assert vendor.books(SERVER, "dujour")["received"] == before + 1
    assert len(checked.bodies(MASTER)) == 1
    path = checked.directory / "deployment.json"
    path.write_text(path.read_text().replace("2016.5.2", "2016.5.3"))
    assert checked.once()["update"] is None, "who has taken the fix is not told again"


def test_the_check_alone_is_product_and_version_and_leaves_no_row(vendor, told, site):
    checked = site(pe_conf=with_line(MONOLITHIC, OFF))
    vendor.settle()
    before = vendor.books(SERVER, "dujour")
    assert checked.once() == {"sent": "off", "update": told}
    vendor.settle()
    after = vendor.books(SERVER, "dujour")
    assert after["received"] == before["received"] + 1
    assert after["stored"] == before["stored"]
    assert after["suppressed"]["not_telemetry"] == before["suppressed"].get("not_telemetry", 0) + 1
    assert checked.bodies(MASTER) == []


@pytest.mark.parametrize("way", ["pe.conf", "class parameter"])
def test_the_check_has_a_switch_of_its_own(vendor, told, site, way):
    line = NO_CHECK if way == "pe.conf" else ""
    checked = site(pe_conf=with_line(MONOLITHIC, line))
    if way == "class parameter":
        owner = "puppet_enterprise::profile::master"
        set_parameter(checked, name="check_for_updates", owner=owner)
        checked.job_run(MASTER)
    assert checked.once() == {"sent": "acknowledged", "update": None}
    set_parameter(checked)
    checked.job_run(MASTER)
    before = vendor.received()
    assert checked.once() == {"sent": "off", "update": None}
    assert vendor.received() == before


def test_the_allow_list_comes_back_and_narrows_what_is_collected(vendor, told, site):
    item = "snapshot.check_in"
    wanted = ("product_name", "pe_version", "nodes", "public_ip", "agent_os")
    vendor.server.change_product(SERVER, {"allow": [f"{item}.{name}" for name in wanted]})
    narrowed = site()
    assert [narrowed.once()["sent"] for _ in range(2)] == ["acknowledged"] * 2
    first, second = [
        json.loads(body.partition(b"\n")[2])["self-service-analytics"]["snapshots"]
        for body in narrowed.bodies(MASTER)
    ]
    assert set(first) - set(second) == {"licensed_nodes", "master_os", "puppet_agent_versions"}
    assert set(second) == {"product_name", "pe_version", "nodes", "agent_os"}
