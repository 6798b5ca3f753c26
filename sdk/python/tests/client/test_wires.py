"""Foreign wire formats: what leaves, what counts as acknowledged, what is not carried."""

import json
import os
import time
from datetime import datetime
from pathlib import Path

import pytest


def test_the_percona_wire(sdk, product, collector, manifest_with):
    manifest = manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "percona"'),
        ("[snapshot.host]\n", ('[doors.percona]\nkey = "PRODUCT_FAMILY_PSMDB"\n'
         'items = { report = "event.done" }\nfields = { pillar_version = "runtime" }\n\n'
         '[snapshot.host]\n')),
    )  # fmt: skip
    collector.mode = "percona"
    product(
        "telemetry.record('done', runtime='4.4.26-25', count=7, dry=True, plugins={'a': 1})",
        MANIFEST=manifest,
    )
    preview = json.loads(sdk("preview", "--json", manifest=manifest))
    sdk("send", manifest=manifest)
    (request,) = collector.requests
    assert request["path"] == "/v1/telemetry/GenericReport"
    assert "Authorization" not in request["headers"]
    assert request["body"].decode() == preview["body"]
    (report,) = json.loads(request["body"])["reports"]
    assert list(report) == ["id", "createTime", "instanceId", "product_family", "metrics"]
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    import re

    assert re.fullmatch(uuid, report["id"])
    assert re.fullmatch(uuid, report["instanceId"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["createTime"])
    assert report["product_family"] == "PRODUCT_FAMILY_PSMDB"
    assert report["metrics"] == [
        {"key": "pillar_version", "value": "4.4.26-25"},
        {"key": "count", "value": "7"},
        {"key": "dry", "value": "1"},
        {"key": "plugins", "value": '{"a":1}'},
    ]


@pytest.mark.parametrize("mode", ["portal", "503"])
def test_the_percona_wire_takes_no_page_for_an_answer(sdk, product, collector, manifest_with, mode):
    manifest = manifest_with(('send = "agent"', 'send = "agent"\nwire = "percona"'))
    collector.mode = mode
    product("telemetry.record('host', cores=1)", MANIFEST=manifest)
    sdk("send", code=1, manifest=manifest)


def test_the_segment_wire(sdk, product, collector, manifest_with):
    manifest = manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "segment"'),
        ("[snapshot.host]\n", ('[doors.segment]\nitems = { "Build Completed" = "event.done" }\n'
         'fields = { Total = "count" }\n\n[snapshot.host]\n')),
    )  # fmt: skip
    collector.mode = "portal"
    product("telemetry.record('done', count=7)", MANIFEST=manifest)
    sdk("send", code=1, manifest=manifest)
    collector.mode = "segment"
    sdk("send", manifest=manifest)
    request = collector.requests[-1]
    assert request["path"] == "/v1/batch"
    assert request["headers"]["Authorization"] == "Basic d3JpdGUta2V5Og=="
    (call,) = json.loads(request["body"])["batch"]
    assert (call["type"], call["event"]) == ("track", "Build Completed")
    assert call["properties"] == {"Total": 7}
    assert call["context"]["app"] == {"version": "1.2.3"}
    assert call["anonymousId"]
    assert len(call["messageId"]) == 32


def test_a_report_carries_one_item_and_the_others_are_counted(
    sdk, product, collector, manifest_with
):
    manifest = manifest_with(('send = "agent"', 'send = "agent"\nwire = "percona"'))
    collector.mode = "percona"
    product(
        "telemetry.record('host', cores=1)\nfor n in range(3): telemetry.record('done', count=n)",
        MANIFEST=manifest,
    )
    assert "3 items will never arrive" in sdk("send", code=1, manifest=manifest)
    assert json.loads(sdk("status", "--json"))["counts"] == {"not_carried": 3}
    (request,) = collector.requests
    assert len(json.loads(request["body"])["reports"]) == 1
    assert "the product's version" in sdk("status", manifest=manifest)
    listed = json.loads(sdk("list", "--json", manifest=manifest))
    assert [item["item"] for item in listed if "not_carried" in item] == ["event.done"]
    assert "stays at home: a report is one of snapshot.host" in sdk("list", manifest=manifest)


AMPLITUDE = """[doors.amplitude]
items = { "Command Done" = "event.done" }
fields = { Total = "count" }

[snapshot.host]
"""


def test_the_amplitude_wire(sdk, product, collector, manifest_with):
    """The shape of the captured requests: docs of HTTP V2, and what its clients send."""
    manifest = manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "amplitude"'), ("[snapshot.host]\n", AMPLITUDE)
    )
    product(
        "telemetry.record('done', count=7, plugins={'a': 1}); telemetry.record('host', cores=2)",
        MANIFEST=manifest,
    )
    for mode in ("portal", "portal-json", "amplitude-fewer", "503"):
        collector.mode = mode
        sdk("send", code=1, manifest=manifest)
    collector.mode = "amplitude"
    sdk("send", manifest=manifest)
    request = collector.requests[-1]
    assert request["path"] == "/2/httpapi"
    assert "Authorization" not in request["headers"]
    body = json.loads(request["body"])
    assert (body["api_key"], body["options"]) == ("write-key", {"min_id_length": 1})
    event, state = body["events"]
    assert event["event_type"] == "Command Done"
    assert event["event_properties"] == {"Total": 7, "plugins": {"a": 1}}
    assert event["app_version"] == "1.2.3"
    assert abs(event["time"] / 1000 - time.time()) < 60, "milliseconds"
    assert len(event["insert_id"]) == 32
    assert (len(event["device_id"]), event["device_id"]) == (36, state["device_id"])
    assert {"ip", "user_id", "session_id", "language"}.isdisjoint(event)
    assert (state["event_type"], state["event_properties"]) == ("host", {"cores": 2})


DUJOUR = """[doors.dujour]
key = "acme-master"
items = { "orchestrator.done" = "event.done" }
fields = { "host.cores" = "cores" }

[snapshot.host]
"""


def dujour(manifest_with, *more):
    return manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "dujour"'), ("[snapshot.host]\n", DUJOUR), *more
    )


def test_the_dujour_wire(sdk, product, collector, manifest_with):
    """The shape of the captured check-ins; acknowledged by what its first client takes."""
    manifest = dujour(manifest_with)
    product(
        "telemetry.record('host', cores=2); telemetry.record('done', count=7)", MANIFEST=manifest
    )
    for mode in ("portal", "portal-json", "dujour-other", "503"):
        collector.mode = mode
        sdk("send", code=1, manifest=manifest)
    collector.mode = "dujour"
    sdk("send", manifest=manifest)
    request = collector.requests[-1]
    assert request["path"] == "/"
    assert {r["body"] for r in collector.requests} == {request["body"]}
    body = json.loads(request["body"])
    assert list(body) == ["product", "version", "host-id", "self-service-analytics"]
    assert (body["product"], body["version"]) == ("acme-master", "1.2.3")
    analytics = body["self-service-analytics"]
    (event,) = analytics["events"]
    assert (event["event"], event["metadata"]) == ("orchestrator.done", {"count": 7})
    assert analytics["snapshots"]["host.cores"]["value"] == 2
    for told in (event, analytics["snapshots"]["host.cores"]):
        datetime.fromisoformat(told["timestamp"])


def test_a_check_in_carries_one_state_of_one_version(sdk, product, collector, manifest_with):
    manifest = dujour(manifest_with)
    collector.mode = "dujour"
    for version in ("1.0", "2.0"):
        product(
            f"telemetry = Telemetry({manifest!r}, version={version!r}, endpoint={collector.url!r},"
            " state=telemetry._state.directory)\n"
            "for n in range(3):\n"
            "    telemetry.record('host', cores=n); telemetry.record('done', count=n)",
            MANIFEST=manifest,
        )
    sdk("send", manifest=manifest)
    bodies = [json.loads(body) for body in collector.bodies]
    states = [
        (body["version"], body["self-service-analytics"]["snapshots"]["host.cores"]["value"])
        for body in bodies
    ]
    assert states == [(version, n) for version in ("1.0", "2.0") for n in range(3)]
    events = [e["metadata"]["count"] for b in bodies for e in b["self-service-analytics"]["events"]]
    assert events == [0, 1, 2, 0, 1, 2]


def test_a_whitelist_narrows_and_its_absence_lifts_it(sdk, product, collector, manifest_with):
    manifest = dujour(
        manifest_with, ("cores = {", 'disks = { type = "integer", why = "w" }\ncores = {')
    )
    record = "telemetry.record('host', cores=2, disks=1); telemetry.record('done', count=7)"
    for mode in ("dujour-narrowing", "dujour", "dujour"):
        collector.mode = mode
        product(record, MANIFEST=manifest)
        sdk("send", manifest=manifest)
    whole, narrowed, lifted = [json.loads(b)["self-service-analytics"] for b in collector.bodies]
    assert whole.keys() == lifted.keys()
    assert set(whole["snapshots"]) == set(lifted["snapshots"]) == {"host.cores", "disks"}
    assert set(narrowed["snapshots"]) == {"host.cores"}
    assert (len(whole["events"]), narrowed["events"], len(lifted["events"])) == (1, [], 1)


def test_a_check_in_without_a_name_for_the_product_is_not_carried(
    sdk, product, collector, manifest_with
):
    manifest = manifest_with(('send = "agent"', 'send = "agent"\nwire = "dujour"'))
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
    assert "1 items will never arrive" in sdk("send", code=1, manifest=manifest)
    assert collector.requests == []


@pytest.mark.parametrize("wire", ["percona", "segment", "dujour", "amplitude"])
def test_every_wire_hears_the_end_and_tells_tests_apart(
    sdk, product, collector, manifest_with, tmp_path, wire
):
    door = f'[doors.{wire}]\nkey = "k"\n\n[snapshot.host]\n'
    manifest = manifest_with(
        ('send = "agent"', f'send = "agent"\nwire = "{wire}"'), ("[snapshot.host]\n", door)
    )
    collector.mode = "ended"
    product("telemetry.record('host', cores=1)", MANIFEST=manifest, CI="true")
    sdk("send", code=1, manifest=manifest)
    assert collector.requests[0]["headers"]["Glasshouse-Origin"] == "ci"
    assert os.listdir(tmp_path / "state") == ["ended.json"]
    assert "off" in sdk("why", code=1, manifest=manifest)


def test_a_wire_that_is_not_spoken_is_said_so(sdk, product, collector, manifest, tmp_path):
    """A manifest compiled for a newer client, say."""
    compiled = json.loads(Path(manifest).read_text())
    compiled["product"]["wire"] = "morse"
    other = tmp_path / "morse.json"
    other.write_text(json.dumps(compiled))
    product("telemetry.record('done', count=1)", MANIFEST=str(other))
    expected = "found the wire 'morse'; expected one of native, percona, segment, dujour, amplitude"
    assert expected in sdk("send", code=1, manifest=str(other))
    assert expected in sdk("preview", code=2, manifest=str(other))
    assert json.loads(sdk("status", "--json", manifest=str(other)))["waiting"] == 1


def test_a_percona_report_says_by_its_source_which_item_it_is(
    sdk, product, collector, manifest_with
):
    manifest = manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "percona"'),
        ("[event.done.fields]\n", '[event.done.fields]\n'
         'source = { type = "enum", values = ["tool"], required = true, why = "w" }\n'),
        ("[snapshot.host]\n", '[doors.percona.items]\nreport = "snapshot.host"\n'
         'tool = "event.done"\n\n[snapshot.host]\n'),
    )  # fmt: skip
    collector.mode = "percona"
    product("telemetry.record('done', count=7, source='tool')", MANIFEST=manifest)
    sdk("send", manifest=manifest)
    ((report,),) = (json.loads(body)["reports"] for body in collector.bodies)
    assert {"key": "source", "value": "tool"} in report["metrics"]
