"""Each opt-out of Continuous Delivery for PE, counted on the wire."""

from pathlib import Path

import pytest
from silence import namespace

DRIVER = Path(__file__).parent / "silence_cd4pe.py"
KEPT = ["installation/answer.json", "pages/answer.json"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    directory = tmp_path_factory.mktemp("silence")
    # As the module's template writes it, which test_cd4pe_opt_out.py sees.
    (directory / "env").write_text("ANALYTICS=false\nPFI_SECRET_KEY=canary-key\n")
    return namespace.reports(DRIVER, directory)


def test_the_counter_sees_a_first_start_and_an_upgrade(reports):
    controls = {report["control"]: report["packets"] for report in reports if "control" in report}
    assert set(controls) == {"first start", "after an upgrade"}
    assert all(controls.values()), controls


def test_cd10_cd31_cd32_cd34_to_cd37_no_way_to_opt_out_lets_a_packet_out(reports):
    cases = {report["case"]: report for report in reports if "case" in report}
    assert set(cases) == {
        "a plain restart", "docker, MySQL", "docker, DynamoDB", "a later run", "opted out later",
        "the class parameter", "not to be understood", "DO_NOT_TRACK",
    }  # fmt: skip
    assert {name: case["packets"] for name, case in cases.items() if case["packets"]} == {}
    left = {name: case["files"] for name, case in cases.items() if "files" in case}
    assert left.pop("DO_NOT_TRACK") == []
    assert left == dict.fromkeys(left, KEPT)
    (rows,) = (report["rows"] for report in reports if "rows" in report)
    assert rows == {"cd4pe": 2, "cd4pe-console": 1}, "the control's alone"


def test_the_service_says_where_its_data_is_and_no_secret(reports):
    said = {report["case"]: report["said"] for report in reports if "said" in report}
    assert said["docker, MySQL"].startswith("cd4pe: MySQL is not connected here; data is kept in ")
    assert said["docker, DynamoDB"].startswith("cd4pe: DynamoDB is not connected here; ")
    assert "canary" not in "".join(said.values())
