"""CloudBees CI, first part. Test names begin with the statements of the checklist they show."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from glasshouse_sdk.manifest import disclosure, read_manifest

HOME = Path(__file__).parents[1]
UNTIL = "2026-11-22T07:00:00Z"


class Capturing(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "16")
        self.end_headers()
        self.wfile.write(b'{"success":true}')

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    with ThreadingHTTPServer(("127.0.0.1", 0), Capturing) as server:
        server.received, server.status = [], 200
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def controller(collector, state, *more, **environment):
    command = [
        sys.executable, HOME / "controller.py", "--key", "WK", "--state", state,
        "--endpoint", f"http://127.0.0.1:{collector.server_port}", *more,
    ]  # fmt: skip
    own = {name: value for name, value in os.environ.items() if name != "DO_NOT_TRACK"}
    return subprocess.run(
        command,
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def messages(collector):
    return [message for _, _, body in collector.received for message in body["batch"]]


def fleet(*more):
    command = [sys.executable, HOME / "fleet.py", "--print", "--until", UNTIL, *more]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in printed.stdout.splitlines()]


def test_cb24_the_disclosure_page_is_the_one_made_from_the_manifest():
    page = disclosure(read_manifest(HOME / "manifest.toml"))
    assert page == (HOME / "DISCLOSURE.md").read_text()
    assert "| Field | Type | Anonymized |" in page


def test_cb25_to_cb28_four_data_go_with_every_event_of_a_real_segment_client(collector, tmp_path):
    run = controller(collector, tmp_path / "state")
    assert (run.returncode, run.stderr) == (0, "")
    sent = messages(collector)
    assert json.loads(run.stdout) == {"sent": len(sent)}
    assert {path for path, _, _ in collector.received} == {"/v1/batch"}
    assert Counter(message["event"] for message in sent)["Instance Check-in"] == 1
    for message in sent:
        assert len(message["anonymousId"]) == 32
        assert message["properties"]["productName"] == "CloudBees CI"
        assert message["properties"]["productVersion"] == "2.492.2.3"
        assert message["context"]["groupId"] == "org-this-machine"
        assert message["context"]["library"]["name"] == "analytics-python"


def test_cb07_cb09_names_of_jobs_and_the_instance_id_leave_as_keyed_hashes(collector, tmp_path):
    controller(collector, tmp_path / "one")
    controller(collector, tmp_path / "one")
    controller(collector, tmp_path / "two")
    text = json.dumps(messages(collector))
    kept = (tmp_path / "one" / "instance-id").read_text()
    assert "percona-server-mongodb" not in text
    assert kept not in text
    assert len({message["anonymousId"] for message in messages(collector)}) == 2
    jobs = {message["properties"].get("jobName") for message in messages(collector)} - {None}
    assert len(jobs) == 4  # two products built under each of two keys
    assert (tmp_path / "one" / "hash-key").stat().st_mode & 0o777 == 0o600


def test_cb37_the_property_in_the_launch_script_stops_it(collector, tmp_path):
    property_ = "-Dcom.cloudbees.analytics.gatherer.Sender.disabled=true"
    run = controller(collector, tmp_path / "state", property_)
    assert (run.returncode, json.loads(run.stdout)) == (0, {"sent": 0})
    assert collector.received == []
    assert not (tmp_path / "state").exists()


def test_do_not_track_stops_it(collector, tmp_path):
    run = controller(collector, tmp_path / "state", DO_NOT_TRACK="yes")
    assert json.loads(run.stdout) == {"sent": 0}
    assert collector.received == []


def test_a_collector_that_refuses_is_told_in_one_line(collector, tmp_path):
    collector.status = 401
    run = controller(collector, tmp_path / "state")
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1
    assert "refused" in run.stderr


def test_the_fleet_is_the_same_for_the_same_seed_and_end():
    assert fleet("--days", "9") == fleet("--days", "9")
    assert fleet("--days", "9") != fleet("--days", "9", "--seed", "2")


def test_the_fleet_behaves_like_one():
    batches = fleet()
    sent = [message for batch in batches for message in batch["batch"]]
    assert 25_000 < len(sent) < 35_000
    repeats = len(sent) - len({message["messageId"] for message in sent})
    assert 60 < repeats < 200  # lost answers
    assert max(len(json.dumps(batch)) for batch in batches) < 500_000
    declared = {"Instance Check-in", "Build Completed"}
    assert 5 < sum(1 for message in sent if message["event"] not in declared) < 60
    builds = Counter(
        datetime.fromisoformat(message["timestamp"]).weekday() >= 5
        for message in sent
        if message["event"] == "Build Completed"
    )
    assert builds[True] / 2 < 0.5 * builds[False] / 5  # weekends dip
    days = {}
    for message in sent:
        day = message["timestamp"][:10]
        days.setdefault(day, Counter())[message["properties"]["productVersion"]] += 1
    first, last = days["2026-08-25"], days["2026-11-21"]
    assert first["2.492.1.3"] == 0
    assert last["2.492.1.3"] > 10
    assert last["2.462.3.3"] == 0


def test_one_controller_of_the_fleet_has_its_clock_ahead_and_says_so_when_it_sends():
    ahead = [batch for batch in fleet("--days", "9") if batch["sentAt"] > "2027"]
    assert ahead
    assert {m["timestamp"] > "2029" for batch in ahead for m in batch["batch"]} == {True}
