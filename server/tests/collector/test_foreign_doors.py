"""The Segment and Percona doors, with what their real clients send and expect."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

REPORT = {
    "id": "c416c3ee-48cd-471c-9733-37c2886f8231",
    "product_family": "PRODUCT_FAMILY_PSMDB",
    "instanceId": "6aef422e-56a7-4530-af9d-94cc02198343",
    "createTime": "2026-11-01T10:46:23Z",
    "metrics": [
        {"key": "deployment", "value": "PACKAGE"},
        {"key": "pillar_version", "value": "4.4.26-25"},
        {"key": "OS", "value": "Oracle Linux Server 8.8"},
        {"key": "hardware_arch", "value": "x86_64 x86_64"},
    ],
}
GENERIC = "/v1/telemetry/GenericReport"


def report(**changes):
    return {k: v for k, v in {**REPORT, **changes}.items() if v is not ...}


@pytest.mark.parametrize(
    "family",
    [
        {"product_family": "PRODUCT_FAMILY_PSMDB"},
        {"product_family": ..., "productFamily": "PRODUCT_FAMILY_PSMDB"},
        {"product_family": ..., "productFamily": 3},
    ],
)
@pytest.mark.parametrize("bare", [True, False])
def test_percona_reports_are_taken_in_every_spelling(running, family, bare):
    reports = [report(**family)]
    answer = running.send(GENERIC, reports if bare else {"reports": reports})
    assert (answer.status_code, answer.json()) == (200, {})
    (line,) = running.lines()
    assert line["version"] == "4.4.26-25"
    assert line["instance"] == REPORT["instanceId"]
    assert line["fields"] == {metric["key"]: metric["value"] for metric in REPORT["metrics"]}
    assert line["at"] == "2026-11-01T10:46:23Z"


def test_a_percona_report_that_is_sent_again_has_the_same_key_under_a_new_id(running):
    running.send(GENERIC, {"reports": [report()]})
    running.send(GENERIC, {"reports": [report(id="11111111-48cd-471c-9733-37c2886f8231")]})
    first, second = running.records()
    assert first.keys == second.keys


def test_undeclared_percona_metrics_are_dropped(running):
    metrics = [*REPORT["metrics"], {"key": "installed_packages", "value": "CANARY"}]
    assert running.send(GENERIC, {"reports": [report(metrics=metrics)]}).status_code == 200
    assert b"CANARY" not in running.bytes_on_disk()
    assert running.refusals() == [("accepted", "undeclared_field", 1, None, None)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "CANARY"}, "bad_identity"),
        ({"instanceId": "CANARY"}, "bad_identity"),
        ({"instanceId": ...}, "bad_shape"),
        ({"product_family": "CANARY"}, "no_product"),
        ({"product_family": 99}, "no_product"),
        ({"createTime": "CANARY"}, "bad_time"),
        ({"metrics": REPORT["metrics"][2:]}, "missing_field"),
        ({"metrics": [{"key": "deployment", "value": "CANARY"}]}, "wrong_type"),
        ({"metrics": "CANARY"}, "bad_shape"),
    ],
)
def test_a_bad_percona_report_is_an_invalid_argument(running, changes, reason):
    answer = running.send(GENERIC, {"reports": [report(**changes)]})
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert answer.json()["details"] == []
    running.send(GENERIC, {"reports": [report()]})
    assert [r[:3] for r in running.refusals()] == [("rejected", reason, 1)]
    assert b"CANARY" not in running.bytes_on_disk()


@pytest.mark.parametrize("body", [b"CANARY", b"{}", b'{"reports":7}', b"\xff"])
def test_a_bad_percona_body_is_an_invalid_argument(running, body):
    answer = running.send(GENERIC, body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message", "details"}


def message(**changes):
    base = {
        "type": "track",
        "event": "Build Completed",
        "messageId": "m-1",
        "timestamp": datetime.now(UTC).isoformat(),
        "userId": "u1",
        "anonymousId": None,
        "properties": {"result": "SUCCESS"},
        "context": {"library": {"name": "CANARY"}, "app": {"version": "2.1"}},
        "integrations": {"CANARY": True},
    }
    return {k: v for k, v in {**base, **changes}.items() if v is not ...}


def basic(key):
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def batch(running, messages, **more):
    return running.send(
        "/v1/batch", {"batch": messages, **more}, authorization=basic(running.key())
    )


def test_a_segment_batch_is_taken_with_either_key_and_gzip(running):
    body = {"batch": [message()], "sentAt": datetime.now(UTC).isoformat()}
    in_body = json.dumps({**body, "writeKey": running.key()}).encode()
    assert running.send("/v1/batch", in_body).json() == {"success": True}
    assert batch(running, [message()]).json() == {"success": True}
    answer = running.send("/v1/batch", gzip.compress(in_body), content_encoding="gzip")
    assert answer.status_code == 200
    assert len(running.lines()) == 3
    line = running.lines()[0]
    assert (line["instance"], line["version"]) == ("u1", "2.1")
    assert b"CANARY" not in running.bytes_on_disk()


def test_segment_track_takes_a_single_message(running):
    answer = running.send("/v1/track", message(type=...), authorization=basic(running.key()))
    assert answer.json() == {"success": True}
    assert running.lines()[0]["fields"] == {"result": "SUCCESS"}


@pytest.mark.parametrize(
    "name", ["Build Completed", "build_completed", "buildCompleted", "Nightly Job"]
)
def test_segment_event_names_find_their_declaration(running, name):
    batch(running, [message(event=name)])
    assert running.records()[0].head.blocks[0].item == "event.build_completed"


def test_segment_properties_are_renamed_as_the_manifest_says(running):
    properties = {"outcome": "FAILURE", "Seconds": 3, "CANARY": 1, "organization": "Acme & Co"}
    batch(running, [message(properties=properties)])
    (line,) = running.lines()
    assert line["fields"] == {"result": "FAILURE", "seconds": 3.0}
    assert line["identities"] == {"organization": "Acme & Co"}
    assert b"CANARY" not in running.bytes_on_disk()


def test_segment_times_follow_the_clock_skew_rule(running):
    running.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    wrong = datetime(2026, 11, 20, tzinfo=UTC)
    batch(
        running,
        [message(timestamp=wrong.isoformat())],
        sentAt=(wrong + timedelta(seconds=5)).isoformat(),
    )
    assert running.lines()[0]["at"] == "2026-11-22T11:59:55Z"


def test_segment_messages_of_other_kinds_have_an_outcome(running):
    kinds = [message(type=kind, event=...) for kind in ("identify", "group", "alias", "page")]
    assert batch(running, [*kinds, message(event="CANARY"), 7, message()]).status_code == 200
    assert len(running.lines()) == 1
    assert sorted(r[:3] for r in running.refusals()) == [
        ("rejected", "bad_shape", 1),
        ("rejected", "unknown_item", 2),
        ("suppressed", "not_telemetry", 3),
    ]
    assert running.records()[0].head.received == 7
    assert b"CANARY" not in running.bytes_on_disk()


@pytest.mark.parametrize(
    ("path", "body", "key", "status"),
    [
        ("/v1/batch", b"CANARY", None, 400),
        ("/v1/batch", b"{}", None, 400),
        ("/v1/batch", b'{"batch":[]}', "CANARY", 401),
        ("/v1/track", b'{"writeKey":7}', None, 400),
    ],
)
def test_a_bad_segment_body_is_told_once(running, path, body, key, status):
    answer = running.send(path, body, authorization=basic(key or running.key()))
    assert (answer.status_code, answer.json()["success"]) == (status, False)


def test_preflight_and_other_methods_are_answered(running):
    import httpx

    assert httpx.options(running.url + "/v1/batch").status_code == 204
    refused = httpx.get(running.url + "/v1/batch")
    assert refused.status_code == 405
    error = refused.json()["error"]
    assert (error["found"], error["expected"]) == ("GET", refused.headers["allow"])


def test_simulated_reports_are_marked(running):
    running.send(GENERIC, {"reports": [report()]}, glasshouse_origin="simulated")
    assert running.lines()[0]["origin"] == "simulated"


def test_the_short_and_the_long_way_through_a_batch_give_the_same(running):
    """A batch that holds an undeclared event goes the long way; the rest of it must not differ."""
    running.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    sent = "2026-11-22T11:00:00+00:00"
    messages = [
        message(properties={"result": "SUCCESS", "seconds": 1.5, "job": "nightly"}, groupId="Acme"),
        message(event="Nightly Job", messageId="m-2", userId=None, anonymousId="a1"),
        message(messageId="m-3", timestamp="2026-11-22T10:00:00+02:00", context={"groupId": "B"}),
        message(messageId="m-4", timestamp=...),
    ]
    for batched in (messages, [*messages, message(event="Undeclared", messageId="m-5")]):
        batch(running, batched, sentAt=sent, context={"app": {"version": "9"}})
    short, long = running.records()
    assert short.keys == long.keys
    assert short.lines == long.lines
    assert [line["at"] for line in running.lines()[2:4]] == [
        "2026-11-22T09:00:00Z",
        "2026-11-22T12:00:00Z",
    ]


DAILY = [
    {"key": "source", "value": "mongod"},
    {"key": "pillar_version", "value": "8.0.12-4"},
    {"key": "db_instance_id", "value": "b7c1f0a25d3e4c8f9a6b0d2e7f481c35"},
    {"key": "shard_svr", "value": "0"},
    {"key": "uptime", "value": "86400"},
]


def test_a_percona_report_is_the_item_of_its_source(running):
    answer = running.send(GENERIC, {"reports": [report(metrics=DAILY), report()]})
    assert answer.status_code == 200
    daily, installation = running.lines()
    assert (daily["fields"]["uptime"], daily["fields"]["shard_svr"]) == (86400, False)
    assert installation["fields"]["deployment"] == "PACKAGE"
    assert "uptime" not in installation["fields"]
    one, other = (key for record in running.records() for key in record.keys)
    assert one != other


def test_a_percona_report_of_an_unknown_source_is_none_of_a_database(running):
    metrics = [{"key": "source", "value": "CANARY"}, *DAILY[1:]]
    running.send(GENERIC, {"reports": [report(metrics=metrics)]})
    assert running.lines() == []
