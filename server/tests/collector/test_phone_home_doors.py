"""The dujour, Amplitude, Uplink and beacon doors."""

import base64
import gzip
import json
import urllib.parse
from datetime import UTC, datetime

import httpx
import pytest

HOST = "7359694db834e1f8" * 8
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_dujour_tells_of_a_newer_release_and_narrows_what_is_collected(foreign):
    foreign.catalogue.change(
        "pe",
        {
            "release": {"version": "2026.1.0", "link": "https://example.com/", "message": "New"},
            "allow": ["snapshot.check_in.agent_os"],
        },
    )
    told = foreign.send("/", {"version": "2025.9.0", "product": "pe-master"}).json()
    assert told == {
        "version": "2026.1.0",
        "newer": True,
        "link": "https://example.com/",
        "product": "pe-master",
        "message": "New",
        "whitelist": {
            "agent_os": {
                "datatype": "object[string-number]",
                "description": "Agents by operating system.",
            }
        },
    }
    same = foreign.send("/check-for-updates", {"version": "2026.1.0", "product": "pe-master"})
    assert same.json()["newer"] is False
    assert httpx.get(foreign.url + "/whitelist").json() == told["whitelist"]
    check_in = {"version": "1", "product": "pe-master", "host-id": HOST}
    foreign.send("/", {**check_in, "agent-os": {"a": 1}, "puppet-agent-versions": {"1": 1}})
    (line,) = foreign.lines()
    assert line["fields"] == {"agent_os": {"a": 1}}


def test_dujour_metrics_go_where_they_are_declared(foreign):
    foreign.now = NOW
    body = {
        "version": "2025.1",
        "product": "pe-master",
        "host-id": HOST,
        "license-uuid": "L-1",
        "self-service-analytics": {
            "events": [
                {"event": "orchestrator.plan", "timestamp": "2026-11-22T10:00:00Z",
                 "metadata": {"duration": 3, "CANARY": 1}},
                {"event": "CANARY", "timestamp": "2026-11-22T10:00:00Z"},
                "CANARY",
            ],
            "snapshots": {
                "puppetserver.instances": {"value": 4, "timestamp": "2026-11-22T09:00:00Z"},
                "agent-os": {"value": {"debian": 2}, "timestamp": "2026-11-22T08:00:00Z"},
                "CANARY": {"value": "CANARY"},
                "CANARY2": "CANARY",
            },
        },
    }  # fmt: skip
    assert foreign.send("/", body).status_code == 200
    by_field = {name: line for line in foreign.lines() for name in line["fields"]}
    plan, check_in, jruby = by_field["duration"], by_field["agent_os"], by_field["instances"]
    assert (plan["fields"], plan["at"]) == ({"duration": 3.0}, "2026-11-22T10:00:00Z")
    assert check_in["fields"]["agent_os"] == {"debian": 2}
    assert check_in["identities"] == {"license": "L-1"}
    assert (jruby["fields"], jruby["at"]) == ({"instances": 4}, "2026-11-22T09:00:00Z")
    assert [r[:3] for r in foreign.refusals() if r[0] == "rejected"] == [
        ("rejected", "unknown_item", 1),
        ("rejected", "bad_shape", 1),
    ]
    assert foreign.records()[0].head.received == 5
    assert b"CANARY" not in foreign.bytes_on_disk()


def test_dujour_answers_about_a_product_that_it_does_not_know(foreign):
    told = foreign.send("/", {"version": "1.2", "product": "other", "host-id": HOST})
    assert told.status_code == 200
    assert told.json() == {"version": "1.2", "newer": False, "link": "", "product": "other"}
    assert foreign.refusals() == [("rejected", "no_product", 1, None, None)]


@pytest.mark.parametrize("body", [b"CANARY", b"[]", b"\xff\xfe", b""])
def test_dujour_refuses_what_is_no_check_in(foreign, body):
    answer = foreign.send("/", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["reason"] in ("bad_json", "bad_shape")


def test_dujour_reads_latin_1(foreign):
    body = json.dumps({"product": "pe-master", "host-id": HOST, "x": "é"}, ensure_ascii=False)
    assert foreign.send("/", body.encode("latin-1")).status_code == 200
    assert len(foreign.lines()) == 1


def test_the_root_belongs_to_the_door_for_posts_alone(foreign):
    assert foreign.app.serves("POST", "/")
    assert not foreign.app.serves("GET", "/")
    assert not foreign.app.serves("OPTIONS", "/")
    assert not foreign.app.serves("POST", "//")


def upload(running, *events, **more):
    return running.send("/2/httpapi", {"api_key": "TESTKEY", "events": list(events), **more})


def event(**changes):
    base = {"event_type": "usage", "user_id": "a" * 32, "time": int(NOW.timestamp() * 1000),
            "event_properties": {"command": "run"}}  # fmt: skip
    return {k: v for k, v in {**base, **changes}.items() if v is not ...}


def test_amplitude_takes_right_events_at_once_and_lists_wrong_ones(foreign):
    answer = upload(
        foreign,
        event(),
        event(event_type=...),
        event(user_id=...),
        event(time="CANARY"),
        event(event_properties=7),
        7,
    )
    assert answer.status_code == 400
    assert answer.json() == {
        "code": 400,
        "error": "Invalid events",
        "events_with_missing_fields": {"event_type": [1], "device_id": [2]},
        "events_with_invalid_fields": {"time": [3], "event_properties": [4], "event": [5]},
    }
    assert len(foreign.lines()) == 1
    assert upload(foreign, event()).status_code == 200  # as its library does
    first, second = foreign.records()
    assert first.keys == second.keys
    assert b"CANARY" not in foreign.bytes_on_disk()


def test_amplitude_events_that_are_equal_are_still_two(foreign):
    upload(foreign, event(), event(event_type=...), event())
    upload(foreign, event(), event())
    first, second = foreign.records()
    assert first.keys == second.keys
    assert first.keys[0][:16] != first.keys[0][16:]


def test_amplitude_says_which_ids_are_too_short_if_asked(foreign):
    answer = upload(foreign, event(user_id="abc"), options={"min_id_length": 5})
    assert answer.json()["events_with_invalid_id_lengths"] == {"user_id": [0]}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"api_key": "CANARY", "events": []}, 400, "Invalid API key"),
        ({"api_key": "TESTKEY", "events": [1] * 2001}, 413, "Payload too large"),
        ({"api_key": "TESTKEY"}, 400, ""),
        (b"CANARY", 400, ""),
    ],
)
def test_amplitude_refuses_in_its_own_words(foreign, body, status, error):
    answer = foreign.send("/batch", body)
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert answer.json()["error"].startswith(error)
    assert "CANARY" not in answer.text


def test_amplitude_identify_is_no_telemetry(foreign):
    assert upload(foreign, event(event_type="$identify")).status_code == 200
    assert foreign.refusals() == [("suppressed", "not_telemetry", 1, None, None)]


def test_amplitude_takes_our_write_keys_too(foreign):
    product = foreign.catalogue.product("piperider")
    body = {"api_key": product.keys[0].key, "events": [event()]}
    assert foreign.send("/2/httpapi", body).status_code == 200
    assert len(foreign.lines()) == 1


def trial(kind="security-trial", **changes):
    return {"type": kind, "correlator": "9" * 64, "payload": {"length": 7}, **changes}


def test_uplink_takes_a_trial_between_its_dates(foreign):
    foreign.now = NOW
    assert foreign.send("/events", trial()).status_code == 201
    (line,) = foreign.lines()
    assert (line["instance"], line["fields"]) == ("9" * 64, {"length": 7})


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (trial("old"), 410, "ended"),
        (trial("later"), 400, "not_started"),
        (trial("CANARY"), 400, "no_product"),
        (trial(payload=[]), 400, "bad_shape"),
        (trial(payload={"length": "CANARY"}), 400, "wrong_type"),
        ({"type": 7}, 400, "bad_shape"),
    ],
)
def test_uplink_refuses_what_is_no_trial_of_today(foreign, body, status, reason):
    foreign.now = NOW
    answer = foreign.send("/events", body)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)
    foreign.send("/events", trial())
    assert foreign.refusals()[0][:3] == ("rejected", reason, 1)
    assert b"CANARY" not in foreign.bytes_on_disk()


def test_uplink_hashes_the_bare_uuid_of_old_clients():
    from glasshouse.collector.doors.uplink import correlator

    assert correlator("00000000-0000-0000-0000-000000000000", "test-data") == (
        "90ecf3ce1cd5ba1e5ad3cde7ad08a941e884f2e4d9bd463361715abab8efedc5"
    )


USAGE = {"stat": 1, "install": "b" * 64, "version": "2.479", "jobs": {"hudson.model": 3}}


@pytest.mark.parametrize(
    "query",
    [
        base64.b64encode(json.dumps(USAGE).encode()).decode(),
        base64.urlsafe_b64encode(gzip.compress(json.dumps(USAGE).encode(), mtime=0))
        .decode()
        .rstrip("="),
        urllib.parse.quote(json.dumps(USAGE)),
        "data=" + urllib.parse.quote(base64.b64encode(json.dumps(USAGE).encode()).decode()),
    ],
)
def test_beacon_takes_usage_statistics_however_they_are_packed(foreign, query):
    answer = httpx.get(f"{foreign.url}/usage-stats.js?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert len(answer.content) < 60
    assert answer.headers["cache-control"] == "no-store"
    (line,) = foreign.lines()
    assert (line["instance"], line["version"]) == ("b" * 64, "2.479")
    assert line["fields"] == {"version": "2.479", "jobs": {"hudson.model": 3}}


def test_beacon_takes_native_items_with_a_write_key_and_knows_repeats(foreign):
    item = {
        "item": "event.build_completed",
        "at": datetime.now(UTC).isoformat(),
        "instance": "i-1",
        "fields": {"result": "SUCCESS"},
    }
    data = base64.urlsafe_b64encode(json.dumps({"items": [item]}).encode()).decode()
    url = f"{foreign.url}/beacon.gif?key={foreign.key()}&data={data}"
    assert httpx.get(url).status_code == 200
    assert httpx.get(url, headers={"sec-fetch-dest": "script"}).content == b""
    first, second = foreign.records()
    assert first.head.product == "shop"
    assert first.keys == second.keys


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("CANARY", 400),
        ("data=!!", 400),
        ("x" * 40_000, 413),
        ("key=CANARY&data=e30", 400),
    ],
)
def test_beacon_shows_a_picture_whatever_is_wrong(foreign, query, status):
    answer = httpx.get(f"{foreign.url}/beacon.gif?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "image/gif")


def test_a_browser_that_asks_first_may_send(foreign):
    answer = httpx.options(
        foreign.url + "/v1/t",
        headers={
            "origin": "https://console.example.test",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"]
    assert "authorization" in allowed
    assert "content-type" in allowed
