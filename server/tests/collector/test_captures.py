"""Requests of real clients, sent again as they were captured, and answered as they expect."""

import gzip
import json
from pathlib import Path

import httpx
import pytest

CAPTURES = Path(__file__).parent / "captures"
SENT_ANEW = ("content-length", "connection", "accept-encoding", "transfer-encoding")


def replay(running, name):
    capture = json.loads(next(CAPTURES.glob(f"{name}-*.json")).read_text())
    body = json.dumps(capture["json_body"]).encode()
    headers = {k: v for k, v in capture["headers"].items() if k.lower() not in SENT_ANEW}
    if capture["headers"].get("Content-Encoding") == "gzip":
        body = gzip.compress(body)
    return httpx.request(
        capture["method"], running.url + capture["path"], content=body, headers=headers, timeout=30
    )


@pytest.mark.parametrize("name", ["01", "11"])
def test_percona(foreign, name):
    answer = replay(foreign, name)
    assert (answer.status_code, answer.json()) == (200, {})
    (line,) = foreign.lines()
    assert line["fields"]["deployment"] == "PACKAGE"


@pytest.mark.parametrize("name", ["02", "03", "05", "07", "08", "09", "10"])
def test_segment(foreign, name):
    answer = replay(foreign, name)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (record,) = foreign.records()
    assert record.head.product == "shop"
    assert record.head.received == {"02": 7, "05": 2}.get(name, 1)


def test_segment_keeps_what_is_declared(foreign):
    replay(foreign, "02")
    (line,) = foreign.lines()
    assert (line["instance"], line["fields"]) == ("u1", {"result": "SUCCESS"})


@pytest.mark.parametrize(("name", "items"), [("04", 2), ("06", 4), ("14", 3), ("15", 0)])
def test_amplitude(foreign, name, items):
    answer = replay(foreign, name)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["code"], told["events_ingested"]) == (200, items)
    assert set(told) == {"code", "events_ingested", "payload_size_bytes", "server_upload_time"}


def test_amplitude_takes_seconds_pools_ci_and_keeps_what_is_declared(foreign):
    replay(foreign, "14")
    usage, usage_2, run = sorted(foreign.lines(), key=lambda line: "tables" in line["fields"])
    assert run["fields"] == {"tables": 1, "columns": [2], "rows": [1], "python_version": "3.11"}
    assert run["identities"] == {"project": "872d9289aec9585481b828a4179eecb1"}
    assert run["at"].startswith("2026-11-22T")
    assert {line["origin"] for line in (usage, usage_2, run)} == {"ci"}
    assert usage["fields"]["command"] == "version"
    assert usage["fields"]["platform"] == "linux"
    assert b"(not init)" not in foreign.bytes_on_disk()


def test_dujour_check_in(foreign):
    answer = replay(foreign, "12")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["newer"], told["product"], told["link"]) == (False, "pe-master", "")
    assert isinstance(told["version"], str)
    assert told["whitelist"]["agent_os"]["datatype"] == "object[string-number]"
    check_in, jruby = foreign.lines()
    assert check_in["fields"] == {
        "agent_os": {"debian": 15, "centos": 5},
        "puppet_agent_versions": {"1.6.7": 15},
        "pe_version": "2017.2.1",
    }
    assert check_in["instance"].startswith("7359694db834e1f8e95db00f01212ec3")
    assert check_in["identities"]["site"].startswith("bc6b4373a5d3")
    assert (jruby["fields"], jruby["doubtful_time"]) == ({"instances": 1}, True)
    assert foreign.refusals() == [("rejected", "impossible_time", 1, "event.plan", None)]


def test_dujour_update_check_leaves_no_row(foreign):
    answer = replay(foreign, "13")
    assert answer.status_code == 200
    assert answer.json()["newer"] is False
    assert answer.json()["product"] == "puppetserver"
    assert foreign.lines() == []
    assert foreign.refusals() == [("suppressed", "not_telemetry", 1, None, None)]
    assert foreign.records()[0].head.product == "pe"
