"""The native door: a receipt for each item, and nothing undeclared on disk."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest

from glasshouse.model import Origin


def item(**changes):
    base = {
        "item": "event.build_completed",
        "id": "0123456789abcdef0123456789abcdef",
        "at": datetime.now(UTC).isoformat(),
        "instance": "6aef422e-56a7-4530-af9d-94cc02198343",
        "version": "1.4.0",
        "fields": {"result": "SUCCESS", "seconds": 1.5},
    }
    base.update(changes)
    return {key: value for key, value in base.items() if value is not ...}


def test_an_accepted_item_is_in_the_journal_when_the_answer_comes(running):
    answer = running.native([item()])
    assert answer.status_code == 200
    assert answer.json() == {"receipts": [{"id": item()["id"], "outcome": "accepted"}]}
    (line,) = running.lines()
    assert line["fields"] == {"result": "SUCCESS", "seconds": 1.5}
    assert (line["instance"], line["version"]) == (item()["instance"], "1.4.0")
    (record,) = running.records()
    assert (record.head.product, record.head.door, record.head.received) == ("shop", "native", 1)
    assert record.head.blocks[0].item == "event.build_completed"


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"item": "event.unknown"}, "unknown_item", None),
        ({"item": ...}, "unknown_item", None),
        ({"fields": {"seconds": 1}}, "missing_field", "result"),
        ({"fields": {"result": "CANARY"}}, "wrong_type", "result"),
        ({"fields": {"result": 7}}, "wrong_type", "result"),
        ({"fields": {"result": "SUCCESS", "seconds": "CANARY"}}, "wrong_type", "seconds"),
        ({"fields": {"result": "SUCCESS", "seconds": -1}}, "out_of_bounds", "seconds"),
        ({"fields": {"result": "SUCCESS", "class": 2**70}}, "out_of_bounds", "class"),
        ({"fields": "CANARY"}, "bad_shape", None),
        ({"instance": ...}, "missing_identity", None),
        ({"instance": "canary@example.com"}, "bad_identity", None),
        ({"instance": "CANARY.internal.example"}, "bad_identity", None),
        ({"instance": "198.51.100.77"}, "bad_identity", None),
        ({"instance": "2001:db8::7"}, "bad_identity", None),
        ({"instance": "aa:bb:cc:00:11:22"}, "bad_identity", None),
        ({"instance": "/home/canary"}, "bad_identity", None),
        ({"instance": {"CANARY": 1}}, "bad_identity", None),
        ({"identities": {"organization": "CANARY\n"}}, "bad_identity", None),
        ({"at": ...}, "bad_time", None),
        ({"at": "CANARY"}, "bad_time", None),
        ({"at": "2106-02-07T06:28:15Z"}, "impossible_time", None),
        ({"at": "1970-01-01T00:00:00Z"}, "impossible_time", None),
        ({"at": "0001-01-01T00:00:00Z"}, "impossible_time", None),
        ({"version": "CANARY with spaces"}, "bad_shape", None),
        ({"id": "CANARY" * 100}, "bad_shape", None),
        ({"id": ...}, "bad_shape", None),
        ({"item": "event.over", "fields": {}}, "ended", None),
    ],
)
def test_a_bad_item_has_a_named_reason_and_leaves_no_value(running, changes, reason, field):
    answer = running.native([item(id="a" * 32), item(**changes), item(id="b" * 32)])
    assert answer.status_code == 200
    receipts = answer.json()["receipts"]
    assert [r["outcome"] for r in receipts] == ["accepted", "rejected", "accepted"]
    assert (receipts[1]["reason"], receipts[1].get("field")) == (reason, field)
    assert len(running.lines()) == 2
    ((outcome, noted, count, _, noted_field),) = running.refusals()
    assert (outcome, noted, count, noted_field) == ("rejected", reason, 1, field)
    assert b"canary" not in running.bytes_on_disk().lower()


def test_an_undeclared_field_is_dropped_counted_and_never_written(running):
    fields = {"result": "SUCCESS", "secret": "CANARY", "nested": {"CANARY": 1}}
    answer = running.native([item(fields=fields, extra="CANARY")])
    (receipt,) = answer.json()["receipts"]
    assert receipt["outcome"] == "accepted"
    assert sorted(receipt["dropped"]) == ["extra", "nested", "secret"]
    assert running.lines()[0]["fields"] == {"result": "SUCCESS"}
    assert running.refusals() == [("accepted", "undeclared_field", 3, None, None)]
    assert b"CANARY" not in running.bytes_on_disk()


def test_undeclared_fields_inside_a_group_are_dropped_too(running):
    accounts = [{"repos": 3, "name": "CANARY"}, {"repos": 4}]
    running.native([item(item="snapshot.host", fields={"accounts": accounts})])
    assert running.lines()[0]["fields"] == {"accounts": [{"repos": 3}, {"repos": 4}]}
    assert b"CANARY" not in running.bytes_on_disk()


def test_texts_are_made_harmless_where_the_client_sent_them_raw(running):
    running.native(
        [
            item(fields={"result": "SUCCESS", "job": "canary-job"}),
            item(fields={"result": "SUCCESS", "job": "canary-job"}),
            item(fields={"result": "SUCCESS", "job": "f" * 32}),
            item(item="snapshot.host", fields={"os": "Debian GNU/Linux 12 (bookworm)"}),
            item(item="snapshot.host", fields={"os": "Debian canary@example.com"}),
            item(item="snapshot.host", fields={"agents": {"debian-12": 15}}),
        ]
    )
    fields = [line["fields"] for line in running.lines()]
    assert fields[0]["job"] == fields[1]["job"] != "canary-job"
    assert len(fields[0]["job"]) == 32
    assert fields[2]["job"] == "f" * 32, "what was hashed at the source stays as it is"
    assert [f.get("os") for f in fields[3:5]] == ["Debian GNU/Linux 12 (bookworm)", "other"]
    assert fields[5]["agents"] == {"debian-12": 15}
    assert b"canary" not in running.bytes_on_disk()


def test_a_map_with_free_text_for_keys_is_refused(running):
    answer = running.native([item(item="snapshot.host", fields={"agents": {"canary@x.y": 1}})])
    assert answer.json()["receipts"][0]["reason"] == "wrong_type"
    assert b"canary" not in running.bytes_on_disk()


def test_a_snapshot_with_an_impossible_time_is_kept_and_marked(running):
    running.native([item(item="snapshot.host", fields={}, at="2106-02-07T06:28:15Z")])
    (line,) = running.lines()
    assert line["doubtful_time"] is True
    assert line["at"] == line["received_at"]


def test_times_are_corrected_by_the_clock_that_sent_them(running):
    """A client an hour ahead sends a minute-old event: it happened a minute ago."""
    running.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    ahead = running.now + timedelta(hours=1)
    running.native(
        [item(at=(ahead - timedelta(minutes=1)).isoformat())],
        date=format_datetime(ahead, usegmt=True),
    )
    assert running.lines()[0]["at"] == "2026-11-22T11:59:00Z"


@pytest.mark.parametrize("date", ["", "CANARY", "Sun, 99 Nov 2026 12:00:00 GMT", "2026-11-22"])
def test_a_date_that_is_none_is_passed_over(running, date):
    running.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert running.native([item(at="2026-11-22T11:59:00Z")], date=date).status_code == 200
    assert running.lines()[0]["at"] == "2026-11-22T11:59:00Z"


def test_clocks_that_differ_by_seconds_agree(running):
    """The header holds whole seconds, and a request is on its way for a while."""
    running.now = datetime(2026, 11, 22, 12, 0, 4, 900_000, tzinfo=UTC)
    running.native([item(at="2026-11-22T11:59:00.5Z")], date="Sun, 22 Nov 2026 12:00:00 GMT")
    assert running.lines()[0]["at"] == "2026-11-22T11:59:00.500000Z"


def test_a_time_with_an_offset_is_stored_in_utc(running):
    running.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    running.native([item(at="2026-11-22T12:00:00+02:00")])
    assert running.lines()[0]["at"] == "2026-11-22T10:00:00Z"


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"CANARY", {}, 400, "bad_json"),
        (b'{"manifest":"CANARY","items":[]}', {}, 400, "unknown_manifest"),
        (b"[]", {}, 400, "bad_shape"),
        (b'{"items":{}}', {}, 400, "bad_shape"),
        (b'{"items":' + b"[" * 100_000, {}, 400, "bad_json"),
        (b"\xff\xfe", {}, 400, "bad_json"),
        (b"CANARY", {"content_encoding": "gzip"}, 400, "bad_encoding"),
        (b"CANARY", {"content_encoding": "CANARY"}, 400, "bad_encoding"),
        (
            gzip.compress(b" " * 100, mtime=0)[:-4],
            {"content_encoding": "gzip"},
            400,
            "bad_encoding",
        ),
        (gzip.compress(b" " * 9_000_000, mtime=0), {"content_encoding": "gzip"}, 413, "too_large"),
        (b"x" * 1_100_000, {"content_encoding": "gzip"}, 413, "too_large"),
        (b" " * 8_100_000, {}, 413, "too_large"),
        (b'{"items":[' + b"1," * 5000 + b"1]}", {}, 413, "too_many"),
        (b"{}", {"authorization": "Bearer CANARY"}, 401, "wrong_key"),
        (b"{}", {"authorization": ""}, 401, "wrong_key"),
    ],
)
def test_a_bad_request_has_a_status_a_named_reason_and_leaves_no_value(
    running, body, headers, status, reason
):
    answer = running.send(
        "/v1/telemetry", body, **{"authorization": f"Bearer {running.key()}", **headers}
    )
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)
    running.native([item()])  # what is noted comes with the next group
    assert ("rejected", reason, 1, None, None) in running.refusals()
    assert b"CANARY" not in running.bytes_on_disk()


def test_a_gzip_body_may_have_several_members(running):
    body = msgspec.json.encode({"items": [item()]})
    running.send(
        "/v1/telemetry",
        gzip.compress(body[:50]) + gzip.compress(body[50:]),
        authorization=f"Bearer {running.key()}",
        content_encoding="gzip",
    )
    assert len(running.lines()) == 1


def test_the_key_says_what_items_count_as_and_a_client_may_only_lower_it(running):
    def origin_of(key, stated=None):
        body = {"items": [item()], **({"origin": stated} if stated else {})}
        running.send("/v1/telemetry", body, authorization=f"Bearer {running.key(key)}")
        return running.lines()[-1].get("origin", "production")

    assert origin_of(Origin.PRODUCTION) == "production"
    assert origin_of(Origin.PRODUCTION, "ci") == "ci"
    assert origin_of(Origin.DEVELOPMENT, "production") == "development"
    assert origin_of(Origin.SIMULATED, "ci") == "simulated"


def test_a_request_that_asks_not_to_be_tracked_is_suppressed(running):
    assert running.native([item()], sec_gpc="1").status_code == 200
    assert running.native([item()], dnt="1").status_code == 200
    running.native([item()])
    assert len(running.lines()) == 1
    assert [r[:3] for r in running.refusals()] == [("suppressed", "do_not_track", 1)] * 2


def test_an_older_manifest_is_still_accepted(running):
    older = running.shop.manifest.digest
    source = (running.directory / "catalogue/shop" / f"manifest-{older[7:19]}.toml").read_text()
    running.shop = running.catalogue.add(source.replace('"Shop"', '"Shop 2"').encode())
    assert running.shop.manifest.digest != older
    body = {"manifest": older, "items": [item()]}
    answer = running.send("/v1/telemetry", body, authorization=f"Bearer {running.key()}")
    assert answer.json()["receipts"][0]["outcome"] == "accepted"
    assert running.records()[0].head.digest == older


def test_surrogates_nul_and_deep_nesting_are_no_server_error(running):
    for value in (b'"\\ud800"', b'"\\u0000"', b"[" * 5000 + b"]" * 5000, b"1" * 5000, b"NaN"):
        body = msgspec.json.encode({"items": [item(fields={"result": "SUCCESS", "job": 1})]})
        body = body.replace(b'"job":1', b'"job":' + value)
        answer = running.send("/v1/telemetry", body, authorization=f"Bearer {running.key()}")
        assert answer.status_code < 500, value[:20]
