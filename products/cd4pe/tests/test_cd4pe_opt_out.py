"""Each way to opt out of Continuous Delivery for PE, and the cross-check of what is stored."""

import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cd4pe_container import (
    BIN,
    CONTAINERFILE,
    PRODUCT,
    documented,
    image,
    instruction,
    new_license,
    program,
    set_up,
    view_as_a_tracker,
    work,
)
from cd4pe_service.analytics import Analytics
from cd4pe_service.container_variables import read_variables
from cd4pe_service.inventory import Inventory

IMAGE = "puppet/continuous-delivery-for-puppet-enterprise:latest"


def state_of(disk):
    done = program("cd4pe.py", "analytics", "--disk", disk)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_cd33_to_cd36_the_documented_commands_are_the_image_s():
    assert f"docker pull {IMAGE}" in (PRODUCT / "DISCLOSURE.md").read_text()
    fill = dict.fromkeys(
        ("MY_DATABASE_ENDPOINT", "MY_DB_USERNAME", "MY_DB_PASS", "OPTIONAL_PREFIX_TO_DB_TABLES",
         "DUMP_URI", "KEY_FOR_DB_SECRETS_ENCRYPTION", "AWS_REGION", "AWS_ACCESS_KEY",
         "AWS_SECRET_KEY"), "x",
    )  # fmt: skip
    every = {"DB_ENDPOINT", "DB_USER", "DB_PASS", "DUMP_URI", "PFI_SECRET_KEY", "ANALYTICS"}
    mysql, dynamodb = documented("MySQL", **fill), documented("Amazon DynamoDB", **fill)
    assert set(mysql.environment) == every | {"DB_PREFIX"}
    assert set(dynamodb.environment) == every
    assert dynamodb.environment["DB_ENDPOINT"] == "ddb://x"
    for typed in (mysql, dynamodb):
        assert typed.image == IMAGE
        assert typed.environment["ANALYTICS"] == "false"
        assert typed.volumes == {"cd4pe": instruction("VOLUME")}
        assert [port.split(":")[1] for port in typed.ports] == instruction("EXPOSE").split()
    assert IMAGE in CONTAINERFILE.read_text()
    assert json.loads(instruction("ENTRYPOINT"))[0] == "python"
    assert "ANALYTICS" not in image().envs


def test_hadolint_finds_nothing():
    command = [BIN / "hadolint", "--failure-threshold", "info", CONTAINERFILE]
    linted = subprocess.run(command, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_cd31_cd37_an_opted_out_installation_goes_on_and_leaves_no_row(vendor, container):
    one, license_uuid = container(), new_license()
    before = vendor.received()
    one.start({"ANALYTICS": "false"})
    with one.visitor() as visitor:
        set_up(visitor, license_uuid)
        work(visitor)
        assert "Analytics data collection is off" in visitor.get("/analytics").text
        assert visitor.get("/glasshouse/tracker.js").text == "/* Telemetry is off. */\n"
        view_as_a_tracker(visitor)
    one.stop()
    one.start({"ANALYTICS": "true"}, release="2.11.3")  # the refusal of the initial run holds
    time.sleep(1.0)
    one.stop()
    assert vendor.received() == before
    state = json.loads(state_of(one.volume))
    assert (state["license"], state["analytics"]) == (license_uuid, "off")
    checked = program("crosscheck.py", "--data", vendor.data, stdin=json.dumps(state))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert json.loads(checked.stdout) == {
        "license": license_uuid, "analytics": "off", "rows": 0,
    }  # fmt: skip


@pytest.fixture
def reported(tmp_path, vendor):
    """The disk of an installation that has reported once, and its license."""
    disk, license_uuid = tmp_path / "disk", new_license()
    disk.mkdir()
    inventory = Inventory(read_variables({}, disk))
    inventory.note("license", license_uuid)
    Analytics(disk, {}, release="1", endpoint=vendor.url, key=vendor.key).report_when_due(inventory)
    inventory.close()
    vendor.rows(f"license = '{license_uuid}'")
    return disk, license_uuid


def test_the_cross_check_finds_what_should_not_be_there(vendor, reported):
    disk, license_uuid = reported
    on = state_of(disk)
    assert json.loads(on) == {"license": license_uuid, "analytics": "on", "refused_at": None}
    said_before = {
        "license": license_uuid,
        "analytics": "off",
        "refused_at": "2026-01-01T00:00:00Z",
    }
    never_kept = {**said_before, "refused_at": None}
    lines = "\n".join([on.strip(), json.dumps(said_before), json.dumps(never_kept)])
    checked = program("crosscheck.py", "--data", vendor.data, stdin=lines)
    assert checked.returncode == 1
    assert [json.loads(line)["rows"] for line in checked.stdout.splitlines()] == [None, 1, 1]
    time.sleep(1.1)  # a second later than the row: an answer's date has whole seconds
    program("cd4pe.py", "analytics", "--disk", disk, "off")
    checked = program("crosscheck.py", "--data", vendor.data, stdin=state_of(disk))
    assert (checked.returncode, json.loads(checked.stdout)["rows"]) == (0, 0)


@pytest.mark.parametrize(
    "line", ["{}", "[", '{"license": "x\' or 1=1", "analytics": "off", "refused_at": null}']
)
def test_the_cross_check_takes_nothing_else(line):
    checked = program("crosscheck.py", "--data", "/nonexistent", stdin=line)
    assert (checked.returncode, len(checked.stderr.splitlines())) == (2, 1)
    assert "expected what `cd4pe.py analytics` prints" in checked.stderr


def test_collection_can_be_switched_off_and_on_again(vendor, reported):
    disk, _ = reported
    for says in ("off", "on"):
        analytics = Analytics(disk, {}, release="1", endpoint=vendor.url, key=vendor.key)
        analytics.answer(says)
        assert {analytics.installation().consent, analytics.pages().consent} == {says}
        files = {path.name for path in (disk / "analytics").rglob("*") if path.is_file()}
        assert files == {"answer.json"}, "not even an identity is left"
    (disk / "analytics" / "installation" / "answer.json").write_text("[")
    assert (analytics.installation().consent, analytics.refused_at()) == ("off", None)


PUPPET = shutil.which("puppet", path="/usr/bin:/opt/puppetlabs/bin")


@pytest.fixture
def node_group(tmp_path, vendor):
    """Runs Puppet, as the Puppet agent on that node would, with what the PE console's Configuration
    page says of the class; gives what Puppet said.
    """
    if PUPPET is None:
        pytest.skip("Puppet is not installed (Debian: apt install puppet-agent)")
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "cd4pe").symlink_to(PRODUCT / "module")
    service = [sys.executable, str(Path(__file__).with_name("service_of_puppet.py")),
               str(tmp_path), vendor.url, vendor.key]  # fmt: skip

    def run(**parameters):
        how = {word: shlex.join([*service, word]) for word in ("start", "stop", "status")}
        told = {"env_file": str(tmp_path / "env"), **how, **parameters}
        (tmp_path / "group.json").write_text(json.dumps({"classes": {"cd4pe": told}}))
        classifier = tmp_path / "classifier"
        classifier.write_text(f"#!/bin/sh\ncat {tmp_path}/group.json\n")
        classifier.chmod(0o755)
        return subprocess.run(
            [PUPPET, "apply", "--confdir", tmp_path / "conf", "--vardir", tmp_path / "var",
             "--modulepath", modules, "--node_terminus", "exec", "--external_nodes", classifier,
             "--color", "false", "--detailed-exitcodes", "-e", ""],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    yield run
    subprocess.run([*service, "stop"])


def test_cd28_to_cd30_the_parameter_of_the_class_and_a_puppet_run(vendor, node_group, tmp_path):
    before = vendor.received()
    done = node_group(analytics=False, environment={"PFI_SECRET_KEY": "canary-key"})
    assert done.returncode == 2, done.stderr  # Puppet's word for: something was changed
    assert "Service[cd4pe]/ensure: ensure changed 'stopped' to 'running'" in done.stdout
    assert "canary" not in done.stdout
    assert (tmp_path / "env").read_text() == "ANALYTICS=false\nPFI_SECRET_KEY=canary-key\n"
    time.sleep(1.5)
    assert vendor.received() == before
    assert json.loads(state_of(tmp_path / "disk"))["analytics"] == "off"
    wrong = node_group(analytics="perhaps")
    assert wrong.returncode == 1
    assert "parameter 'analytics' expects a Boolean value, got String" in wrong.stderr


def test_cd28_an_installation_that_reports_stops_after_the_next_puppet_run(
    vendor, node_group, tmp_path
):
    before = vendor.received()
    assert node_group().returncode == 2
    end = time.monotonic() + 60
    while vendor.received() == before:
        assert time.monotonic() < end, "the parameter's default is true"
        time.sleep(0.1)
    before = vendor.received()
    assert node_group(analytics=False).returncode == 2
    assert vendor.received() == before
    assert json.loads(state_of(tmp_path / "disk"))["analytics"] == "off"
