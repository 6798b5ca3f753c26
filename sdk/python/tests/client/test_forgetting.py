"""`forget`: one request leaves, nothing else does, and its receipt stays."""

import hashlib
import json
import os
import time
from pathlib import Path

import jsonschema
import pytest

PROTOCOL = Path(__file__).parents[4] / "protocol"


def forget(sdk, *words, **options):
    return json.loads(sdk("forget", "--json", *words, **options))


def files(tmp_path):
    return sorted(os.listdir(tmp_path / "state"))


@pytest.fixture
def departed(product, collector, tmp_path):
    """A product whose items have left: its instance."""
    product("telemetry.record('done', count=1); telemetry.send(20)")
    assert len(collector.requests) == 1
    return (tmp_path / "state" / "instance").read_text().strip()


def test_the_request_is_all_that_leaves_and_its_receipt_stays(
    sdk, product, collector, departed, tmp_path
):
    proof = collector.requests[0]["headers"]["Glasshouse-Proof"]
    secret = (tmp_path / "state" / "secret").read_text().strip()
    product("for n in range(50): telemetry.record('done', count=n)")
    result = forget(sdk)
    (asked,) = result["requests"]
    assert (asked["state"], asked["instance"]) == ("pending", departed)
    assert asked["receipt"]["by"] == "2026-12-01T00:00:00Z"
    assert result["channels"] == {"telemetry": "off", "updates": "off"}

    (request,) = collector.requests[1:]
    assert request["path"] == "/v1/forget"
    assert json.loads(request["body"]) == {
        "request": asked["request"], "product": "acme", "instance": departed,
    }  # fmt: skip
    schema = json.loads((PROTOCOL / "forget.schema.json").read_text())
    jsonschema.validate(json.loads(request["body"]), {**schema, "$ref": "#/$defs/request"})
    key = request["headers"]["Glasshouse-Forget"]
    assert hashlib.sha256(f"glasshouse-proof/2\0{key}".encode()).hexdigest() == proof
    assert "Authorization" not in request["headers"]

    assert files(tmp_path) == ["answer.json", "forget.json"]
    kept = (tmp_path / "state" / "forget.json").read_text()
    assert key not in kept
    assert secret not in kept
    (entry,) = json.loads(sdk("history", "--json"))
    assert entry["body"].encode() == request["body"]
    assert entry["attempts"][0]["receipts"][0]["state"] == "pending"
    assert "(1 pending)" in sdk("history")
    product("telemetry.record('done', count=1); telemetry.send(5)")
    assert len(collector.requests) == 2
    assert files(tmp_path) == ["answer.json", "forget.json"]


def test_again_it_asks_what_became_of_it(sdk, collector, departed):
    (first,) = forget(sdk)["requests"]
    collector.mode = "forgotten"
    (second,) = forget(sdk)["requests"]
    assert collector.requests[-1]["path"] == f"/v1/forget/{first['request']}"
    assert second["state"] == "done"
    assert second["receipt"]["items"] == {"event.done": 1}
    assert forget(sdk)["requests"][0]["state"] == "done"
    assert len(collector.requests) == 3, "what is done is not asked for again"
    assert "erased on" in sdk("forget")


@pytest.mark.parametrize("mode", ["503", "portal", "portal-json", "portal-410", "redirect", "hole"])
def test_no_answer_but_a_receipt_ends_a_request(
    sdk, product, collector, departed, tmp_path, mode, eventually
):
    collector.mode = mode
    (asked,) = forget(sdk, "--seconds", "2", code=1)["requests"]
    assert asked["state"] == "waiting"
    assert files(tmp_path) == ["answer.json", "forget.json"]
    assert len(collector.requests) == 2
    # The product's next run keeps its distance,
    collector.mode = "ok"
    product("telemetry.record('done', count=1)")
    time.sleep(0.3)
    assert len(collector.requests) == 2
    # and then sends the request and nothing else.
    path = tmp_path / "state" / "forget.json"
    kept = json.loads(path.read_text())
    kept["requests"][0]["delivery"]["not_before"] = 0.0
    path.write_text(json.dumps(kept))
    product("telemetry.record('done', count=1)")
    eventually(lambda: json.loads(path.read_text())["requests"][0]["state"] == "pending")
    assert [r["path"] for r in collector.requests[1:]] == ["/v1/forget"] * 2
    assert collector.requests[1]["body"] == collector.requests[2]["body"]
    assert files(tmp_path) == ["answer.json", "forget.json"]


@pytest.mark.parametrize("refusal", ["DO_NOT_TRACK", "GLASSHOUSE_REFUSED"])
def test_where_nothing_may_leave_it_waits_for_the_person(
    sdk, product, collector, departed, tmp_path, refusal
):
    collector.mode = "503"
    forget(sdk, code=1)
    path = tmp_path / "state" / "forget.json"
    kept = json.loads(path.read_text())
    kept["requests"][0]["delivery"]["not_before"] = 0.0
    path.write_text(json.dumps(kept))
    collector.mode = "ok"
    product("telemetry.record('done', count=1)", **{refusal: "acme"})
    time.sleep(0.5)
    assert len(collector.requests) == 2
    assert forget(sdk, **{refusal: "acme"})["requests"][0]["state"] == "pending"


def test_a_proof_that_the_collector_does_not_know_is_told(sdk, collector, departed, tmp_path):
    collector.mode = "bad proof"
    (asked,) = forget(sdk, code=1)["requests"]
    assert (asked["state"], asked["problem"]) == ("refused", "the collector knows no such proof")
    said = sdk("forget", code=1)
    assert departed in said
    assert "ask privacy@example.com" in said
    assert len(collector.requests) == 2, "a refusal is final"


def test_what_left_without_a_proof_is_not_asked_for_but_told(
    sdk, product, collector, manifest_with, tmp_path
):
    percona = manifest_with(('send = "agent"', 'send = "agent"\nwire = "percona"'))
    collector.mode = "percona"
    product("telemetry.record('host', cores=1); telemetry.send(20)", MANIFEST=percona)
    instance = (tmp_path / "state" / "instance").read_text().strip()
    said = sdk("forget", code=1, manifest=percona)
    assert f"instance {instance}: it left without a proof" in said
    assert "ask privacy@example.com and name it" in said
    assert len(collector.requests) == 1
    assert files(tmp_path) == ["answer.json", "forget.json"]


def test_where_nothing_ever_left_nobody_is_asked(sdk, product, collector, tmp_path):
    product("telemetry.record('done', count=1)")
    assert "nobody is asked" in sdk("forget")
    assert collector.requests == []
    assert files(tmp_path) == ["answer.json"]


def test_every_instance_that_left_is_asked_for(sdk, product, collector, manifest_with, tmp_path):
    for name in ("one", "two"):
        product(
            "telemetry = Telemetry(os.environ['M'], key='k', instance=os.environ['WHO'],"
            f" endpoint={collector.url!r}, state={str(tmp_path / 'state')!r})\n"
            "telemetry.record('done', count=1); telemetry.send(20)",
            M=manifest_with(), WHO=name,
        )  # fmt: skip
    asked = forget(sdk)["requests"]
    assert sorted((one["instance"], one["state"]) for one in asked) == [
        ("one", "pending"), ("two", "pending"),
    ]  # fmt: skip


def test_an_export_that_was_carried_out_is_asked_for_too(sdk, product, collector, tmp_path):
    product("telemetry.record('done', count=1)")
    sdk("export", str(tmp_path / "export.json"))
    assert [one["state"] for one in forget(sdk)["requests"]] == ["pending"]


def test_a_run_that_ended_after_noting_is_finished_by_the_next(sdk, collector, departed, tmp_path):
    from glasshouse_sdk.destination import read_destination
    from glasshouse_sdk.forgetting import note
    from glasshouse_sdk.state import State

    state = State(str(tmp_path / "state"))
    note(state, read_destination(state), "2026-11-22T10:00:00Z")
    (asked,) = forget(sdk)["requests"]
    assert (asked["state"], asked["asked_at"]) == ("pending", "2026-11-22T10:00:00Z")
    assert len(collector.requests) == 2


def test_who_agrees_again_is_somebody_else(sdk, product, collector, departed, tmp_path):
    forget(sdk)
    sdk("on")
    product("telemetry.record('done', count=1); telemetry.send(20)")
    assert collector.requests[-1]["path"] == "/v1/telemetry"
    new = (tmp_path / "state" / "instance").read_text().strip()
    assert new != departed
    assert [one["instance"] for one in forget(sdk)["requests"]] == [departed, new]


def test_a_product_can_ask_too(product, collector, departed, tmp_path):
    product(
        "assert telemetry.forget(20) == 'pending'\n"
        "assert telemetry.consent == 'off'\n"
        "telemetry.record('done', count=1)\n"
        "assert [e.path for e in telemetry.history()] == ['/v1/forget']\n"
    )
    assert files(tmp_path) == ["answer.json", "forget.json"]
    assert [r["path"] for r in collector.requests] == ["/v1/telemetry", "/v1/forget"]


def test_off_says_what_it_leaves_at_the_vendor(sdk, departed):
    said = sdk("off")
    assert f"What left before stays with the vendor, as {departed}" in said
    assert "nobody is asked" in sdk("forget")


def test_a_record_that_cannot_be_read_is_said_so(sdk, product, departed, tmp_path):
    (tmp_path / "state" / "forget.json").write_text("{")
    assert "move the file away" in sdk("forget", code=2)
    product("telemetry.record('done', count=2)")  # the host notices nothing
