"""Each opt-out of Puppet Enterprise, counted on the wire."""

from pathlib import Path

import pytest
from silence import namespace

DRIVER = Path(__file__).parent / "silence_puppet.py"
# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("puppet_silence")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return namespace.reports(DRIVER, tmp_path_factory.mktemp("silence"))


def test_the_counter_sees_what_is_on(reports):
    controls = {report["control"]: report["packets"] for report in reports if "control" in report}
    assert set(controls) == {
        "server", "console", "2016.5.1 before the reload", "the check alone",
    }  # fmt: skip
    assert all(controls.values()), controls


def test_pe02_pe41_pe46_no_way_to_opt_out_lets_a_packet_out(reports):
    cases = {report["case"]: report for report in reports if "case" in report}
    assert len(cases) == 6
    assert {name: case["packets"] for name, case in cases.items() if case["packets"]} == {}
    assert cases.pop("DO_NOT_TRACK")["files"] == []
    assert {tuple(case["files"]) for case in cases.values()} == {("answer.json",)}
