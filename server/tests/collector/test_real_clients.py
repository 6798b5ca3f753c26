"""Real libraries, pointed at the doors by their address alone."""

import datetime as dt

import pytest
from amplitude import Amplitude, BaseEvent, Config
from segment.analytics.client import Client


def test_segment_for_python(foreign):
    failures = []
    client = Client(
        "WK",
        host=foreign.url,
        gzip=True,
        max_retries=1,
        on_error=lambda error, _: failures.append(error),
    )
    client.track("u1", "Build Completed", {"result": "SUCCESS", "job": "nightly"})
    client.track(
        anonymous_id="a1",
        event="build_completed",
        properties={"result": "FAILURE"},
        context={"app": {"version": "2.1"}, "groupId": "Acme"},
        timestamp=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1),
    )
    client.identify("u1", {"plan": "x"})
    client.shutdown()
    assert failures == []
    first, second = foreign.lines()
    assert first["instance"] == "u1"
    assert "nightly" not in str(first["fields"])
    assert (second["instance"], second["version"]) == ("a1", "2.1")
    assert second["identities"] == {"organization": "Acme"}
    assert foreign.refusals() == [("suppressed", "not_telemetry", 1, None, None)]


def test_segment_for_python_hears_of_a_wrong_key_once(foreign):
    failures = []
    client = Client("CANARY", host=foreign.url, on_error=lambda e, _: failures.append(e))
    client.track("u1", "Build Completed", {"result": "SUCCESS"})
    client.shutdown()
    assert [failure.status for failure in failures] == [401]


@pytest.mark.parametrize("batch", [False, True])
def test_amplitude_for_python(foreign, batch):
    answers = []
    configuration = Config(
        server_url=f"{foreign.url}/{'batch' if batch else '2/httpapi'}",
        flush_interval_millis=10,
        callback=lambda event, code, message: answers.append((event.event_type, code)),
    )
    client = Amplitude("AK", configuration)
    client.track(
        BaseEvent("usage", user_id="a" * 32, event_properties={"command": "run", "status": True})
    )
    client.track(BaseEvent("undeclared", user_id="a" * 32))
    client.flush()
    client.shutdown()
    assert sorted(answers) == [("undeclared", 200), ("usage", 200)]
    (line,) = foreign.lines()
    assert line["fields"] == {"command": "run", "status": True}
    assert foreign.refusals() == [("rejected", "unknown_item", 1, None, None)]
