"""Each opt-out of CloudBees CI, counted on the wire."""

from pathlib import Path

import pytest
from silence import namespace

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("cloudbees-silence")
DRIVER = Path(__file__).parent / "silence_cloudbees.py"


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return namespace.reports(DRIVER, tmp_path_factory.mktemp("silence"))


def test_the_counter_sees_a_controller_that_is_on_beside_one_that_is_not(reports):
    controls = {report["control"]: report for report in reports if "control" in report}
    assert set(controls) == {"on", "another controller"}
    assert all(control["packets"] for control in controls.values()), controls


def test_cb34_cb35_cb37_no_way_to_opt_out_lets_a_packet_out(reports):
    cases = {report["case"]: report for report in reports if "case" in report}
    assert set(cases) == {"the property", "DO_NOT_TRACK", "the toggle", "the toggle, later"}
    assert {name: case["packets"] for name, case in cases.items() if case["packets"]} == {}
    assert {case["code"] for case in cases.values()} == {0}
