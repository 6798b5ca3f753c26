"""What the vendor decides after clients have shipped: an end, less to collect, a pace."""

import base64
import json
from datetime import UTC, datetime

import httpx
import pytest

from glasshouse.catalogue import Catalogue, SettingsError


def item(**changes):
    base = {
        "item": "event.build_completed",
        "id": "0123456789abcdef0123456789abcdef",
        "at": datetime.now(UTC).isoformat(),
        "instance": "i-1",
        "fields": {"result": "SUCCESS", "seconds": 1.5, "class": 3},
    }
    return {**base, **changes}


HOST = {"item": "snapshot.host", "fields": {"agents": {"a": 1}}}


def test_a_product_that_ended_answers_410_and_takes_nothing(running):
    running.catalogue.change("shop", {"ended": True})
    answer = running.native([item(), item()])
    assert (answer.status_code, answer.json()["error"]["reason"]) == (410, "ended")
    running.catalogue.change("shop", {"ended": False})
    assert running.native([item()]).status_code == 200
    assert running.refusals() == [("rejected", "ended", 2, None, None)]


def test_segment_hears_of_the_end_by_a_status_that_java_does_not_repeat(running):
    running.catalogue.change("shop", {"ended": True})
    body = {"batch": [], "writeKey": running.key()}
    assert running.send("/v1/import/", body).status_code == 400


def test_an_allow_list_narrows_items_and_fields_and_is_told(running):
    allow = ["event.build_completed.seconds"]
    running.catalogue.change("shop", {"allow": allow})
    told = running.native([item(), item(**HOST)]).json()
    assert told["allow"] == allow
    assert [r["outcome"] for r in told["receipts"]] == ["accepted", "suppressed"]
    assert told["receipts"][1]["reason"] == "narrowed"
    (line,) = running.lines()
    assert line["fields"] == {"result": "SUCCESS", "seconds": 1.5}  # `result` is required
    running.catalogue.change("shop", {"allow": ["snapshot.host"]})
    told = running.native([item(), item(**HOST)]).json()
    assert [r["outcome"] for r in told["receipts"]] == ["suppressed", "accepted"]
    running.catalogue.change("shop", {"allow": None})
    assert "allow" not in running.native([item(), item(**HOST)]).json()


def test_settings_survive_a_restart_and_a_new_manifest(running):
    running.catalogue.change("shop", {"ended": True, "rate": 5, "release": {"version": "2.0"}})
    again = Catalogue(running.directory / "catalogue")
    assert again.product("shop").settings == running.catalogue.product("shop").settings
    source = next((running.directory / "catalogue/shop").glob("*.toml")).read_text()
    assert again.add(source.replace('"Shop"', '"Shop 2"').encode()).settings.ended is True


@pytest.mark.parametrize(
    "changes",
    [
        {"ended": 1},
        {"allow": "event.x"},
        {"allow": ["event.unknown"]},
        {"release": {"version": ""}},
        {"release": {"version": "1", "x": "y"}},
        {"rate": 0},
        {"rate": True},
        {"instance_rate": "1"},
        {"x": 1},
    ],
)
def test_a_setting_that_cannot_be_is_refused(running, changes):
    with pytest.raises(SettingsError, match=r"expected|which the manifest has not"):
        running.catalogue.change("shop", changes)


def test_a_product_that_is_too_fast_comes_back_and_is_no_outcome(running):
    running.catalogue.change("shop", {"rate": 1})
    assert running.native([item()] * 10).status_code == 200
    answer = running.native([item()])
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert running.refusals() == []
    assert sum(record.head.received for record in running.records()) == 10
    assert running.app.sent_away == {("shop", "native"): 1}
    running.seconds += 2
    assert running.native([item()]).status_code == 200


def test_an_instance_that_is_too_fast_does_not_slow_others(running):
    running.catalogue.change("shop", {"instance_rate": 1})
    assert running.native([item()] * 10).status_code == 200
    assert running.native([item()]).status_code == 429
    assert running.native([item(instance="i-2")]).status_code == 200


def test_percona_is_slowed_down_by_503_and_amplitude_by_its_own_429(foreign):
    for slug in ("psmdb", "piperider"):
        foreign.catalogue.change(slug, {"rate": 0.05})
    report = {
        "id": "c416c3ee-48cd-471c-9733-37c2886f8231",
        "productFamily": 3,
        "instanceId": "6aef422e-56a7-4530-af9d-94cc02198343",
        "createTime": datetime.now(UTC).isoformat(),
        "metrics": [],
    }
    generic = "/v1/telemetry/GenericReport"
    statuses = [foreign.send(generic, {"reports": [report]}).status_code for _ in range(2)]
    assert statuses == [400, 503]
    body = {"api_key": "AK", "events": [{"event_type": "usage", "user_id": "u" * 9}]}
    answers = [foreign.send("/2/httpapi", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert set(answers[1].json()) >= {"code", "error", "eps_threshold", "throttled_users"}


def test_a_trusted_address_is_still_only_a_country(running):
    data = base64.b64encode(json.dumps({"items": [item()]}).encode()).decode()
    httpx.get(
        f"{running.url}/beacon.gif",
        params={"key": running.key(), "data": data},
        headers={"x-forwarded-for": "203.0.113.77"},
    )
    assert len(running.lines()) == 1
    assert b"203.0.113" not in running.bytes_on_disk()
