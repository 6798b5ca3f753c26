"""The installation program as a process, against a collector that listens in the test.

Test names begin with the statements of the documentation's checklist that they show.
"""

import json
import os
import platform
import socket
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from glasshouse_sdk.manifest import disclosure, installed, of_part, read_manifest

HOME = Path(__file__).parents[1]
PATH = "/v1/telemetry/GenericReport"
MARK = "PRODUCT_FAMILY_PSMDB:1"
KNOWN_ID = "6aef422e-56a7-4530-af9d-94cc02198343"


class Host:
    """A host of its own: its files in a directory, its environment empty but for the path."""

    def __init__(self, directory, endpoint):
        self.directory = directory
        self.endpoint = endpoint
        self.file = directory / "percona" / "telemetry_uuid"

    def run(self, *arguments, package=True, version="8.0.12-4", **environment):
        """Runs the program as an installation does; returns what it printed."""
        command = [sys.executable, HOME / "psmdb_telemetry", "--telemetry-uuid", self.file]
        command += ["--endpoint", self.endpoint, *arguments]
        command += ["--package"] if package else []
        command += ["--version", version] if version else []
        result = subprocess.run(
            command,
            env={"PATH": os.defpath, "HOME": str(self.directory / "home"), **environment},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    def install(self, *arguments, **how):
        assert self.run(*arguments, **how) == ""

    def files(self):
        return sorted(path.name for path in self.directory.rglob("*") if path.is_file())


@pytest.fixture
def host(tmp_path, collector):
    return Host(tmp_path, collector.url)


def reports(collector):
    return [report for _, _, body in collector.received for report in json.loads(body)["reports"]]


def metrics(collector):
    (report,) = reports(collector)
    return {metric["key"]: metric["value"] for metric in report["metrics"]}


def written(root, **files):
    for name, text in files.items():
        path = root / "etc" / name.replace("_", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_pc08_pc09_the_disclosure_page_is_the_one_made_from_the_manifest():
    manifest = read_manifest(HOME / "manifest.toml")
    page = disclosure(manifest)
    assert page == (HOME / "DISCLOSURE.md").read_text()
    daily = disclosure(of_part(manifest, "daily"))
    assert daily == (HOME / "daily" / "DISCLOSURE.md").read_text()
    assert "https://www.percona.com/privacy-policy#h.e34c40q8sb1a" in page


def test_pc04_the_manifest_declares_four_values_and_no_more():
    items = read_manifest(HOME / "manifest.toml").items
    assert {path: tuple(item.fields) for path, item in items.items() if item.part is None} == {
        "snapshot.host": ("deployment", "pillar_version", "OS", "hardware_arch")
    }


def test_pc04_the_page_of_an_installation_alone_knows_nothing_of_a_database():
    page = disclosure(installed(read_manifest(HOME / "manifest.toml"), ()))
    assert "### host" in page
    assert "### database" not in page
    assert "perconaTelemetry" not in page


def test_pc10_the_page_shows_the_example_as_a_bare_list_with_the_keys_in_order():
    page = (HOME / "DISCLOSURE.md").read_text()
    (example,) = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert tuple(example) == ("id", "product_family", "instanceId", "createTime", "metrics")
    assert [metric["value"] for metric in example["metrics"]] == [
        "PACKAGE", "4.4.26-25", "Oracle Linux Server 8.8", "x86_64 x86_64",
    ]  # fmt: skip


def test_pc11_to_pc19_an_installation_reports_this_host(host, collector):
    before = datetime.now(UTC).replace(microsecond=0)
    host.install()
    ((path, headers, body),) = collector.received
    (report,) = json.loads(body)["reports"]
    assert path == PATH
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers
    assert set(report) == {"id", "product_family", "instanceId", "createTime", "metrics"}
    assert uuid.UUID(report["id"]) != uuid.UUID(report["instanceId"])
    assert report["product_family"] == "PRODUCT_FAMILY_PSMDB"
    assert report["createTime"].endswith("Z")
    created = datetime.fromisoformat(report["createTime"])
    assert before <= created <= before + timedelta(seconds=60)
    assert created.microsecond == 0
    assert metrics(collector) == {
        "deployment": "PACKAGE",
        "pillar_version": "8.0.12-4",
        "OS": platform.freedesktop_os_release()["PRETTY_NAME"],
        "hardware_arch": subprocess.check_output(["uname", "-mp"], text=True).strip(),
    }


def test_pc13_the_id_is_kept_in_the_file_with_the_mark(host, collector):
    host.install()
    (report,) = reports(collector)
    assert host.file.read_text() == f"instanceId:{report['instanceId']}\n{MARK}\n"


def test_pc16_a_container_reports_itself_with_the_versions_of_its_image(host, collector):
    host.install(package=False, version=None, FULL_PERCONA_VERSION="7.0.18-11.el9", OS_VER="el9")
    seen = metrics(collector)
    assert (seen["deployment"], seen["pillar_version"], seen["OS"]) == (
        "DOCKER", "7.0.18-11", "el9",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"os_release": 'NAME=x\nPRETTY_NAME="Oracle Linux Server 8.8"\n', "issue": "Ubuntu 1"},
            "Oracle Linux Server 8.8",
        ),
        ({"os_release": "NAME=x\n", "system_release": "Amazon Linux 2\n"}, "Amazon Linux 2"),
        ({"redhat_release": "CentOS release 6.10 (Final)\n"}, "CentOS release 6.10 (Final)"),
        ({"issue": "Ubuntu 18.04.6 LTS \\n \\l\n\n"}, "Ubuntu 18.04.6 LTS"),
        ({}, "unknown"),
        ({"os_release": 'PRETTY_NAME="Oracle Linux Server"unclosed\''}, "other"),
        ({"os_release": 'PRETTY_NAME="Hugo\'s own build, host db17.example"'}, "other"),
    ],
)
def test_pc18_the_system_is_named_by_itself_if_the_name_is_a_public_one(
    files, expected, host, collector, tmp_path
):
    host.install("--root", str(written(tmp_path / "root", **files)))
    assert metrics(collector)["OS"] == expected


@pytest.mark.parametrize("version", ["4.4.26-24", "4.4.25-99", "4.2.24-24", "3.6.0", "words"])
def test_pc20_versions_before_the_first_with_telemetry_send_and_keep_nothing(
    version, host, collector
):
    host.install(version=version)
    assert collector.received == []
    assert host.files() == []


@pytest.mark.parametrize("version", ["4.4.26-25", "4.4.27-1", "5.0.0-1", "10.0.1"])
def test_pc20_versions_from_then_on_report(version, host, collector):
    host.install(version=version)
    assert metrics(collector)["pillar_version"] == version


def test_pc03_a_tarball_sends_and_keeps_nothing(host, collector):
    host.install(package=False)
    assert collector.received == []
    assert host.files() == []


@pytest.mark.parametrize("value", ["1", "yes", "true", "TRUE", "2", "off", "no", "please"])
def test_pc22_to_pc26_the_variable_refuses_with_any_value_words_too(value, host, collector):
    host.install(PERCONA_TELEMETRY_DISABLE=value)
    assert collector.received == []
    assert not host.file.exists()


@pytest.mark.parametrize("value", ["", "0"])
def test_pc22_empty_and_0_do_not_refuse(value, host, collector):
    host.install(PERCONA_TELEMETRY_DISABLE=value)
    assert len(reports(collector)) == 1


def test_pc26_a_container_is_refused_by_the_variable_too(host, collector):
    host.install(
        package=False, version=None, FULL_PERCONA_VERSION="7.0.18-11", PERCONA_TELEMETRY_DISABLE="1"
    )
    assert collector.received == []


def test_a_refusal_given_at_installation_holds_for_what_is_installed_later(host, collector):
    host.install(PERCONA_TELEMETRY_DISABLE="1")
    host.install(version="8.0.13-5")
    assert collector.received == []
    assert not host.file.exists()


def test_do_not_track_leaves_no_trace(host, collector):
    host.install(DO_NOT_TRACK="1")
    assert collector.received == []
    assert list(host.directory.iterdir()) == []


def test_pc21_a_host_reports_once_over_restarts_and_upgrades(host, collector):
    host.install()
    kept = host.file.read_text()
    host.install()
    host.install(version="8.0.13-5")
    assert len(reports(collector)) == 1
    assert host.file.read_text() == kept


def test_pc21_a_run_that_was_ended_before_the_mark_does_not_make_the_next_report_again(
    host, collector
):
    host.install()
    marked = host.file.read_text()
    host.file.write_text(marked.replace(f"{MARK}\n", ""))
    host.install()
    assert len(reports(collector)) == 1
    assert host.file.read_text() == marked


def test_other_products_of_the_host_keep_their_marks_and_share_the_id(host, collector):
    host.file.parent.mkdir()
    host.file.write_text(f"instanceId:{KNOWN_ID}\nPRODUCT_FAMILY_PS:1\n")
    host.install()
    assert reports(collector)[0]["instanceId"] == KNOWN_ID
    assert host.file.read_text() == f"instanceId:{KNOWN_ID}\nPRODUCT_FAMILY_PS:1\n{MARK}\n"


@pytest.mark.parametrize("text", ["", "instanceId:db17\n" + MARK + "\n", MARK + "\n", "\0\xff"])
def test_a_file_without_a_valid_id_starts_anew(text, host, collector):
    host.file.parent.mkdir()
    host.file.write_text(text)
    host.install()
    (report,) = reports(collector)
    assert host.file.read_text() == f"instanceId:{report['instanceId']}\n{MARK}\n"


@pytest.mark.parametrize(
    "answer",
    [
        (503, "application/json", b'{"code":14,"message":"later","details":[]}'),
        (429, "application/json", b"{}"),
        (400, "application/json", b'{"code":3,"message":"invalid report","details":[]}'),
        (200, "text/html", b"<html>Welcome to the hotel. Please log in.</html>"),
    ],
)
def test_what_was_not_acknowledged_is_reported_by_the_next_installation(answer, host, collector):
    collector.answer = answer
    host.install()
    first = reports(collector)[0]["instanceId"]
    assert host.file.read_text() == f"instanceId:{first}\n"
    collector.answer = (200, "application/json", b"{}")
    collector.received.clear()
    host.install(version="8.0.13-5")
    (report,) = reports(collector)
    assert report["instanceId"] == first
    assert metrics(collector)["pillar_version"] == "8.0.13-5"
    assert host.file.read_text() == f"instanceId:{first}\n{MARK}\n"


def test_a_collector_that_never_answers_costs_an_installation_seven_seconds(host):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host.endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        host.install()
        assert 6 < time.monotonic() - started < 12
    assert MARK not in host.file.read_text()


def test_no_collector_at_all_costs_an_installation_nothing(host):
    host.endpoint = "http://127.0.0.1:9"
    started = time.monotonic()
    host.install()
    assert time.monotonic() - started < 5
    assert MARK not in host.file.read_text()


def test_a_host_that_cannot_keep_the_id_does_not_report(host, collector, tmp_path):
    (tmp_path / "percona").write_text("a file where the directory should be")
    host.install()
    assert collector.received == []


def test_a_wrong_call_is_silent_in_an_installation_and_explained_to_a_person(host):
    wrong = [sys.executable, HOME / "psmdb_telemetry", "--versoin", "8"]
    silent = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    told = subprocess.run([*wrong, "--preview"], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "--versoin" in told.stderr


def test_pc09_the_preview_is_byte_for_byte_what_is_then_sent(host, collector):
    preview = host.run("--preview")
    assert collector.received == []
    host.install()
    ((_, _, body),) = collector.received
    assert preview.encode() == body


def test_the_preview_of_a_refusing_host_is_empty(host):
    assert host.run("--preview", PERCONA_TELEMETRY_DISABLE="1") == ""
    assert host.run("--preview", DO_NOT_TRACK="1") == ""


def test_the_fleet_reports_as_hosts_do_and_is_the_same_for_the_same_seed():
    command = [sys.executable, HOME / "fleet.py", "--print", "--until", "2026-11-22T07:00:00Z"]
    printed = [subprocess.check_output(command, text=True, timeout=60) for _ in range(2)]
    assert printed[0] == printed[1]
    every = [r for line in printed[0].splitlines() for r in json.loads(line)["reports"]]
    assert len({report["id"] for report in every}) == len(every)
    sent = [report for report in every if not of_a_database(report)]
    assert 4_000 < len(sent) < 6_000
    clones = len(sent) - len({report["instanceId"] for report in sent})
    assert 10 < clones < 120
    weekend = sum(1 for r in sent if datetime.fromisoformat(r["createTime"]).weekday() >= 5)
    assert weekend / 2 < 0.6 * (len(sent) - weekend) / 5
    keys = {tuple(metric["key"] for metric in report["metrics"]) for report in sent}
    assert keys == {("deployment", "pillar_version", "OS", "hardware_arch")}
    daily = [report for report in every if of_a_database(report)]
    assert 2_000 < len(daily) < 6_000
    hosts = {report["instanceId"] for report in daily}
    assert hosts <= {report["instanceId"] for report in sent}
    assert 50 < len(hosts) < 200


def of_a_database(report):
    return any(metric["key"] == "source" for metric in report["metrics"])
