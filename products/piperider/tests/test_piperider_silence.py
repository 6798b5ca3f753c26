"""Each opt-out of PipeRider CLI, counted on the wire."""

from pathlib import Path

import pytest
from silence import namespace

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("piperider-silence")
DRIVER = Path(__file__).parent / "silence_piperider.py"


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return namespace.reports(DRIVER, tmp_path_factory.mktemp("silence"))


def test_the_counter_sees_a_project_that_is_on_beside_one_that_is_not(reports):
    controls = {report["control"]: report["packets"] for report in reports if "control" in report}
    assert set(controls) == {"on", "the other project"}
    assert all(controls.values()), controls


def test_pr06_pr09_no_way_to_opt_out_lets_a_packet_out(reports):
    cases = {report["case"]: report for report in reports if "case" in report}
    assert len(cases) == 10
    assert {name: case["packets"] for name, case in cases.items() if case["packets"]} == {}
    of_user = {name: case["files"] for name, case in cases.items() if not is_of_project(name)}
    expected = {name: ["profile.yml"] for name in of_user}
    expected["DO_NOT_TRACK"] = []  # not even an identity
    assert of_user == expected
    for name, case in cases.items():
        waiting = [file for file in case["files"] if file.startswith("telemetry/spool/")]
        assert waiting == [], name


def test_pr09_no_command_makes_a_removed_id_again(reports):
    removed = [report for report in reports if is_of_project(report.get("case", ""))]
    assert len(removed) == 3
    for report in removed:
        assert "  id: " not in report["config"].replace("id: null", "")


def is_of_project(name):
    return name in ("id removed", "telemetry removed", "id: null")
