"""What the collector's answers do: only a receipt ends an item."""

import json
import os
import time

import pytest
from observed import counts, waiting

from glasshouse_sdk.schedule import LONGEST_PAUSE, Delivery


def test_the_native_request_is_what_the_contract_says(sdk, product, collector):
    product("telemetry.record('done', count=1); telemetry.record('host', cores=2)")
    sdk("send")
    (request,) = collector.requests
    assert request["path"] == "/v1/telemetry"
    assert request["headers"]["Authorization"] == "Bearer write-key"
    assert request["headers"]["Content-Type"] == "application/json"
    assert "Date" in request["headers"]
    body = json.loads(request["body"])
    assert body.keys() == {"manifest", "client", "items"}
    assert body["manifest"].startswith("sha256:")
    assert body["client"].startswith("glasshouse-sdk-python/")
    done, host = body["items"]
    assert done.keys() == {"item", "id", "at", "instance", "version", "fields"}
    assert (done["item"], done["version"], done["fields"]) == ("event.done", "1.2.3", {"count": 1})
    assert host["fields"] == {"cores": 2}
    assert waiting(sdk) == 0


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("503", "answered 503"),
        ("portal", "without receipts"),
        ("portal-json", "without receipts"),
        ("portal-410", "answered 410"),
        ("one receipt", "without receipts"),
        ("redirect", "answered 302"),
        ("401", "answered 401 wrong_key"),
        ("unknown", "answered 400 unknown_manifest"),
        ("trickle", "ended before an answer"),
        ("hole", ""),
    ],
)
def test_no_answer_but_receipts_ends_an_item(sdk, product, collector, mode, problem):
    product("telemetry.record('done', count=1)")
    collector.mode = mode
    started = time.monotonic()
    result = json.loads(sdk("send", "--json", "--seconds", "1.5", code=1))
    assert time.monotonic() - started < 20
    assert result["left"] == 1
    assert problem in result["problem"]
    first = collector.bodies[-1]
    collector.closing.set()
    collector.mode = "ok"
    sdk("send")
    assert collector.bodies[-1] == first
    assert waiting(sdk) == 0


def test_a_closed_port_keeps_everything_until_the_server_is_up(
    sdk, product, collector, closed_port
):
    product("telemetry.record('done', count=1)")
    assert "refused" in sdk("--endpoint", closed_port, "send", code=1)
    product("telemetry.record('done', count=2)")
    sdk("send")
    assert counts(collector) == [1, 2]


def test_a_request_too_large_is_halved_until_it_is_taken(sdk, product, collector):
    product("for n in range(10): telemetry.record('done', count=n)")
    collector.mode = "at most 3"
    sdk("send")
    taken = [b for b in collector.bodies if len(json.loads(b)["items"]) <= 3]
    numbers = [item["fields"]["count"] for body in taken for item in json.loads(body)["items"]]
    assert sorted(numbers) == list(range(10))


def test_one_poisoned_item_is_given_up_and_the_others_arrive(sdk, product, collector):
    product("for n in range(10, 20): telemetry.record('done', count=n)")
    collector.mode = "poisoned"
    assert "1 items will never arrive" in sdk("send", code=1)
    entries = json.loads(sdk("history", "--json"))
    taken = [e for e in entries if e["attempts"][-1]["verdict"] == "acknowledged"]
    numbers = [i["fields"]["count"] for e in taken for i in json.loads(e["body"])["items"]]
    assert sorted(numbers) == [10, 11, 12, 14, 15, 16, 17, 18, 19]
    assert json.loads(sdk("status", "--json"))["counts"] == {"refused_by_collector": 1}


def test_410_ends_the_collection_and_a_new_manifest_begins_another(
    sdk, product, collector, manifest_with, tmp_path
):
    product("telemetry.record('done', count=1)")
    collector.mode = "410"
    sdk("send", code=1)
    assert os.listdir(tmp_path / "state") == ["ended.json"]
    product("telemetry.record('done', count=2); assert telemetry.consent == 'off'")
    assert os.listdir(tmp_path / "state") == ["ended.json"]
    assert "410" in sdk("why", code=1)
    other = manifest_with(('name = "Acme"', 'name = "Acme 2"'))
    assert "telemetry is on" in sdk("why", manifest=other)


def test_retry_after_and_back_off_are_kept_over_runs(
    sdk, product, collector, manifest_with, tmp_path
):
    manifest = manifest_with(('send = "agent"', 'send = "detached"'))
    product("telemetry.record('done', count=1)")
    collector.mode = "503"
    sdk("send", code=1)
    delivery = json.loads((tmp_path / "state" / "delivery.json").read_text())
    assert 3500 < delivery["not_before"] - time.time() <= 3600
    before = len(collector.requests)
    product("telemetry.record('done', count=2)", MANIFEST=manifest)
    time.sleep(0.5)
    assert len(collector.requests) == before


def test_pauses_double_are_spread_and_bounded():
    delivery, pauses = Delivery(), []
    for _ in range(12):
        delivery = delivery.failed(0.0, "x", 0.5)
        pauses.append(delivery.not_before)
    assert pauses[:4] == [60, 120, 240, 480]
    assert pauses[-1] == LONGEST_PAUSE
    assert Delivery().failed(0.0, "x", 0.0).not_before == 45
    assert Delivery().failed(0.0, "x", 1.0).not_before == 75
    assert Delivery(not_before=1e9).is_due(0.0), "a clock that jumped back stops nothing"
    assert not Delivery(not_before=3600).is_due(0.0)
    assert delivery.succeeded(5.0).failures == 0


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("ok", "acknowledged"), ("poisoned", "given-up"), ("410", "given-up"), ("503", "waiting"),
     ("portal", "waiting"), ("rejecting", "given-up")],
)  # fmt: skip
def test_send_says_what_became_of_it(product, collector, mode, expected):
    collector.mode = mode
    product(f"telemetry.record('done', count=13); assert telemetry.send(20) == {expected!r}")


def test_an_answer_can_narrow_what_is_sent_and_lift_it_again(product, collector):
    collector.mode = "narrowing"
    product(
        "telemetry.record('done', count=1, dry=True); telemetry.record('host', cores=1)\n"
        "assert telemetry.send(20) == 'acknowledged'"
    )
    collector.requests.clear()
    collector.mode = "ok"
    record = "telemetry.record('done', count=2, dry=True); telemetry.record('host', cores=2)\n"
    product(record + "assert telemetry.send(20) == 'acknowledged'")
    assert [(i["item"], i["fields"]) for i in collector.items] == [("event.done", {"count": 2})]
    collector.requests.clear()
    product(record + "assert telemetry.send(20) == 'acknowledged'")  # the last answer had no list
    assert [i["fields"] for i in collector.items] == [{"count": 2, "dry": True}, {"cores": 2}]
