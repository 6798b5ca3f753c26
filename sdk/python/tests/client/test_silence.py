"""Off is off, counted on the wire: no packet, and no file but the refusal itself."""

from pathlib import Path

import pytest
from silence import namespace

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("silence")
DRIVER = Path(__file__).parent / "silence" / "driver.py"
REFUSALS = {"answer.json", "ended.json"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What the driver counted in a network namespace of its own."""
    return namespace.reports(DRIVER, tmp_path_factory.mktemp("silence"))


def test_the_counter_sees_a_product_that_is_on(reports):
    controls = {report["control"]: report["packets"] for report in reports if "control" in report}
    assert set(controls) == {"a port", "a name"}
    assert all(packets > 0 for packets in controls.values()), controls


def test_no_switch_at_no_moment_lets_a_packet_out_or_leaves_a_file(reports):
    cases = [report for report in reports if "switch" in report]
    assert len(cases) == 16 * 6 - 6
    assert [case for case in cases if case["packets"]] == []
    assert [case for case in cases if not set(case["files"]) <= REFUSALS] == []
    kept = {case["switch"] for case in cases if case["files"]}
    assert kept == {"sticky", "command"}  # a refusal that is to be found again leaves itself


def test_who_asked_to_be_forgotten_sends_that_and_nothing_else(reports):
    packets = {report["forget"]: report["packets"] for report in reports if "forget" in report}
    loud = {moment for moment, count in packets.items() if count}
    assert loud == {"the command", "a later run"}
    # A closed port: one packet goes there, one comes back, each seen leaving and arriving.
    assert packets["the command"] == packets["a later run"] == 4
    (files,) = (report["files"] for report in reports if report.get("forget") == "a later run")
    assert set(files) - {"forget.json"} == {"answer.json"}
