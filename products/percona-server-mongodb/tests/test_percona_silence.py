"""Each opt-out of Percona Server for MongoDB, on a copied machine, counted on the wire."""

import shutil
from pathlib import Path

import pytest
from copied_machine import missing
from silence import namespace

DRIVER = Path(__file__).parent / "silence_percona.py"
WAYS = {
    "apt", "a word", "root", "/etc/environment", "rpm", "container", "DO_NOT_TRACK", "mongod.conf",
}  # fmt: skip
WHY_NOT = missing()

# In one process, which sets up once what all of them use.
pytestmark = [
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
    pytest.mark.xdist_group("percona-silence"),
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return namespace.reports(DRIVER, tmp_path_factory.mktemp("silence"))


def test_the_counter_sees_an_installation_and_an_agent_that_are_on(reports):
    controls = {report["control"]: report for report in reports if "control" in report}
    assert controls["the installation"]["packets"]
    assert controls["the agent"]["packets"]
    # The database itself opens no connection.
    assert controls["a metric file"]["packets"] == 0
    assert len(controls["a metric file"]["files"]) == 1


def test_pc22_to_pc26_no_way_to_opt_out_lets_a_packet_out_at_once_or_after_an_upgrade(reports):
    cases = {report["case"]: report for report in reports if "case" in report}
    assert set(cases) == WAYS - (set() if shutil.which("rpmbuild") else {"rpm"})
    assert {name: case["packets"] for name, case in cases.items() if case["packets"]} == {}
    # The database writes nothing, and what another leaves is removed unread.
    assert {name for name, case in cases.items() if case["written"] or case["waiting"]} == set()


def test_pc22_to_pc26_what_is_left_of_a_refusing_host_is_the_refusal(reports):
    for case in (report for report in reports if "case" in report):
        kept = {Path(file).name for file in (*case["kept"], *case["uuid"])} - {"psmdb.json"}
        expected = {"psmdb.refused", "answer.json"}
        if case["case"] == "DO_NOT_TRACK":
            expected = set()  # not a trace
        if case["case"] != "mongod.conf":  # there the installation has been reported
            assert kept == expected, case
