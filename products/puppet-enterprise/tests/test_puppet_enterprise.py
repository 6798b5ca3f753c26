"""Puppet Enterprise's server against the real collector. Names begin with what they show."""

import hashlib
import json
import os
import re
from datetime import datetime

import pytest
from pe_puppetserver import PERIOD
from pe_site import (
    CLOSED,
    CONSOLE,
    COUNTED,
    MASTER,
    MONOLITHIC,
    NO_CHECK,
    OFF,
    SPLIT,
    Site,
    pe,
    set_parameter,
    with_line,
)
from pe_vendor import MANIFESTS, SERVER

from glasshouse_sdk.manifest import disclosure, read_manifest

EXPECTED = {
    "product_name": "Puppet Enterprise", "pe_version": "2016.5.2", "licensed_nodes": 500,
    "master_os": "CentOS", "public_ip": "127.0.0.1", **COUNTED,
}  # fmt: skip


@pytest.mark.parametrize("product", MANIFESTS)
def test_the_disclosure_page_is_the_one_made_from_the_manifest(product):
    page = disclosure(read_manifest(MANIFESTS[product]))
    assert page == MANIFESTS[product].with_name("DISCLOSURE.md").read_text()
    assert "| Field | Type | Anonymized |" in page


def test_pe01_pe03_pe06_to_pe16_a_start_of_the_server_is_a_check_in(vendor, site):
    """By itself: nothing was switched on."""
    started = site()
    with started.server() as server:
        assert server.said() == {"sent": "acknowledged", "update": None}
    (row,) = vendor.check_ins(1, started.license)
    assert row["fields"] == EXPECTED
    assert (row["license"], row["version"]) == (started.license, "2016.5.2")
    (body,) = started.bodies(MASTER)
    for private in (b"canary", b"Canar", b"Corporation", b"127.0.0.1", b"public_ip", b"password"):
        assert private not in body
    told = json.loads(body.partition(b"\n")[2])
    assert (told["product"], told["license"]) == ("pe-master", started.license)


def test_pe04_pe05_again_after_a_restart_and_every_24_hours(vendor, site):
    assert PERIOD == 24 * 3600
    assert read_manifest(MANIFESTS[SERVER]).items["snapshot.check_in"].occasions == (
        "start", "every 24h",
    )  # fmt: skip
    started = site()
    with started.server("--every", "0.5") as server:
        assert [server.said()["sent"] for _ in range(2)] == ["acknowledged"] * 2
    with started.server() as server:
        assert server.said()["sent"] == "acknowledged"
    times = [datetime.fromisoformat(row["at"]) for row in vendor.check_ins(3, started.license)]
    assert times == sorted(set(times))
    assert (times[1] - times[0]).total_seconds() > 0.4


def test_pe26_pe27_masters_and_sites_are_told_apart_by_keyed_hashes(vendor, site):
    one = site("one")
    one.once()
    pe("add-master", "canary-second.example.com", "--deployment", one.directory)
    path = one.root("canary-second.example.com") / "etc/puppetlabs/license.key"
    assert path.read_text() == (one.root(MASTER) / "etc/puppetlabs/license.key").read_text()
    one.once("--node", "canary-second.example.com")
    other = site("other")
    other.once()
    first, second = vendor.check_ins(2, one.license)
    (third,) = vendor.check_ins(1, other.license)
    assert first["site"] == second["site"] != third["site"]
    assert len({first["instance"], second["instance"], third["instance"]}) == 3
    certificate = (one.root(MASTER) / "etc/puppetlabs/puppet/ssl/certs/ca.pem").read_bytes()
    for value in (first["site"], first["instance"]):
        assert re.fullmatch("[0-9a-f]{32}", value)
        for bare in (certificate, MASTER.encode()):
            for make in (hashlib.sha512, hashlib.sha256, hashlib.blake2b):
                assert not make(bare).hexdigest().startswith(value)
    key = one.root(MASTER) / "opt/puppetlabs/server/data/analytics/site.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert all(key.read_bytes() not in body for body in one.bodies(MASTER))


def test_pe28_no_field_can_hold_who_somebody_is():
    for manifest in map(read_manifest, MANIFESTS.values()):
        for item in manifest.items.values():
            for field in item.fields.values():
                assert field.type in ("enum", "version", "integer", "duration", "address", "map")
                assert field.type != "map" or field.of in ("enum", "version")
        assert {identity.made for identity in manifest.identities.values()} <= {
            "keyed-hash", "assigned",
        }  # fmt: skip


def test_pe29_the_promise_stands_on_both_pages():
    for manifest in MANIFESTS.values():
        text = manifest.with_name("DISCLOSURE.md").read_text()
        assert "- The data is never used or shared outside Puppet." in text


def test_a_puppetdb_that_does_not_answer_costs_the_numbers_and_not_the_check_in(vendor, site):
    without = site()
    without.settings["puppetdb"] = CLOSED
    with without.server("--once") as server:
        assert server.said()["sent"] == "acknowledged"
    (row,) = vendor.check_ins(1, without.license)
    assert {name for name, value in row["fields"].items() if value is None} == set(COUNTED)
    assert "agent_os is left out: PuppetDB at" in server.errors


def test_one_server_runs_on_a_node(tmp_path):
    made = Site(tmp_path, pe_conf=with_line(MONOLITHIC, OFF + NO_CHECK), endpoint=CLOSED)
    with made.server() as first:
        assert first.said()["sent"] == "off"
        with made.server() as second:
            assert second.ended() == 2
        assert f"runs already on {MASTER}" in second.errors


def test_what_is_not_there_is_told(tmp_path):
    assert "found no" in pe("job", "run", "--nodes", "a", "--deployment", tmp_path, code=1)
    made = Site(tmp_path)
    assert f"expected one of {MASTER}" in pe(
        "job", "run", "--nodes", "nobody", "--deployment", made.directory, code=1
    )
    assert "does not run" in pe(
        "service", "pe-puppetserver", "reload", "--node", MASTER, "--deployment", made.directory,
        code=1,
    )  # fmt: skip
    stale = made.root(MASTER) / "var/run/puppetlabs/pe-puppetserver.pid"
    stale.parent.mkdir(parents=True)
    stale.write_text(str(os.getpid()))  # a process that is not the service, after a crash
    assert "does not run" in pe(
        "service", "pe-puppetserver", "reload", "--node", MASTER, "--deployment", made.directory,
        code=1,
    )  # fmt: skip
    (tmp_path / "none.conf").write_text("{}")
    assert "expected the master's name" in pe(
        "install", "--deployment", tmp_path / "x", "--pe-conf", tmp_path / "none.conf", code=1
    )


# Opting out.


@pytest.mark.parametrize("layout", [MONOLITHIC, SPLIT], ids=["monolithic", "split"])
def test_pe02_pe37_pe39_to_pe41_false_in_pe_conf_and_nothing_is_ever_sent(vendor, site, layout):
    assert OFF.strip() == '"puppet_enterprise::send_analytics_data": false'
    refused = site(pe_conf=with_line(layout, OFF + NO_CHECK))
    before = vendor.received()
    with refused.server() as server:
        assert server.said() == {"sent": "off", "update": None}
    assert vendor.received() == before
    assert vendor.check_ins(0, refused.license) == []
    assert refused.files(MASTER) == ["answer.json"], "the refusal, as the classes said it"


@pytest.mark.parametrize("value", ['"false"', "no", "off", "perhaps", "[false]"])
def test_a_value_that_is_not_understood_is_off(site, value):
    refused = site(pe_conf=with_line(MONOLITHIC, OFF.replace("false", value)))
    assert refused.once()["sent"] == "off"


def until_off(server):
    """What a running server said until it was off."""
    said = []
    while not said or said[-1] != "off":
        said.append(server.said().get("sent", "reloaded"))
        assert len(said) < 60, said
    return said


def test_pe38_pe45_pe48_a_run_of_puppet_is_enough_on_2016_5_2(vendor, site):
    """Installed in whatever way, and then opted out."""
    running = site(pe_conf=SPLIT)
    with running.server("--every", "0.3") as server:
        assert server.said()["sent"] == "acknowledged"
        set_parameter(running)
        assert [server.said()["sent"] for _ in range(2)] == ["acknowledged"] * 2, "not run yet"
        printed = running.job_run(MASTER, CONSOLE)
        assert f"{MASTER}: changed the settings of pe-puppetserver; reloaded pe-pupp" in printed
        assert f"{CONSOLE}: changed the settings of pe-console-services" in printed
        assert "reloaded" in until_off(server)
        vendor.settle()
        stored = len(vendor.check_ins(1, running.license))
        assert [server.said()["sent"] for _ in range(3)] == ["off"] * 3
    assert running.once()["sent"] == "off", "after a restart too"
    vendor.settle()
    assert len(vendor.check_ins(1, running.license)) == stored
    assert running.files(MASTER) == ["answer.json"]


def test_pe47_2016_5_1_also_needs_the_reload(vendor, site):
    running = site(pe_conf=SPLIT, version="2016.5.1")
    with running.server("--every", "0.3") as server:
        assert server.said()["sent"] == "acknowledged"
        set_parameter(running)
        assert "reloaded nothing" in running.job_run(MASTER, CONSOLE)
        assert [server.said()["sent"] for _ in range(3)] == ["acknowledged"] * 3
        running.reload("pe-puppetserver", MASTER)
        assert "reloaded" in until_off(server)


def test_pe43_true_is_the_default_and_turns_it_on_again(vendor, site):
    turned = site()
    path = turned.root(MASTER) / "etc/puppetlabs/puppetserver/conf.d/analytics.conf"
    assert json.loads(path.read_text())["send_analytics_data"] is True
    set_parameter(turned)
    turned.job_run(MASTER)
    assert turned.once()["sent"] == "off"
    set_parameter(turned, "true")
    turned.job_run(MASTER)
    assert turned.once()["sent"] == "acknowledged"
    before, after = vendor.check_ins(1, turned.license), turned.files(MASTER)
    assert len(before) == 1
    assert "site.key" in after


def test_settings_that_cannot_be_understood_are_off(site):
    broken = site()
    path = broken.root(MASTER) / "etc/puppetlabs/puppetserver/conf.d/analytics.conf"
    path.write_text("{")
    assert broken.once() == {"sent": "off", "update": None}


def test_do_not_track_leaves_not_even_a_key(vendor, site):
    refused = site()
    before = vendor.received()
    assert refused.once(DO_NOT_TRACK="1") == {"sent": "off", "update": None}
    assert vendor.received() == before
    assert refused.files(MASTER) == []
