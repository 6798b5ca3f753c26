"""The doors under bad requests: the short form of `soak/fuzz_doors.py`, and hypothesis' JSON."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glasshouse.collector.doors import DOOR_BY_ROUTE
from glasshouse.loading.arrivals import adds_up

ROOT = Path(__file__).parents[3]
PATHS = sorted(path for method, path in DOOR_BY_ROUTE if method == "POST")


def test_no_bad_request_is_an_error_of_the_server():
    command = [sys.executable, "-m", "soak.fuzz_doors", "--inputs", "6000", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    findings = json.loads(done.stdout)
    assert findings["held"] == dict.fromkeys(findings["held"], True), done.stdout + done.stderr
    assert findings["items_received"] > 6000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("batch", "events", "reports", "items", "api_key", "writeKey", "type", "event", "userId",
         "product", "host-id", "self-service-analytics", "correlator", "payload")  # fmt: skip
objects = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), anything, max_size=8)


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=st.sampled_from(PATHS), body=anything | objects)
def test_any_json_has_an_answer_and_counts_that_add_up(foreign, path, body):
    if isinstance(body, dict):
        body |= {"writeKey": "WK", "api_key": "AK"}
    answer = httpx.post(foreign.url + path, content=json.dumps(body).encode(), timeout=30)
    assert answer.status_code < 500
    assert all(adds_up(record.head) for record in foreign.records()[-3:])


@pytest.mark.parametrize("path", ["/", "/v1/telemetry", "/v1/t", "/batch", "/events"])
def test_a_defect_is_told_without_what_was_sent(foreign, monkeypatch, path):
    """Should a step fail all the same, nobody reads in a log what a client has sent."""
    told = []

    def fail(parcel, _):
        raise ValueError(parcel.body.decode())

    monkeypatch.setattr("glasshouse.collector.handover.STEPS", (fail,))
    monkeypatch.setattr(foreign.app.reception, "report", told.append)
    answer = foreign.send(path, b"CANARY")
    assert answer.status_code == 503
    assert "CANARY" not in answer.text
    assert told == ["a defect: ValueError at test_fuzz.py:" + told[0].rpartition(":")[2]]
