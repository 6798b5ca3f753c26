"""What `status` says of what waits: who looks right after recording shall not think it broken."""

import time

from glasshouse_sdk.cli.showing import status_text


def told(waiting, *, way="detached", not_before=None):
    result = {
        "channels": {"telemetry": "on"}, "endpoint": "http://127.0.0.1:9", "wire": "native",
        "way": way, "wire_leaves": "", "state": "/s", "waiting": waiting, "last_success": None,
        "last_failure": None, "problem": "", "grace_until": None, "counts": {}, "forget": [],
        "next_attempt_not_before": not_before,
    }  # fmt: skip
    return next(line for line in status_text(result).splitlines() if line.startswith("waiting"))


def test_nothing_waits():
    assert told(0).split(maxsplit=1)[1] == "0 items"


def test_what_waits_is_sent_by_the_next_run_and_from_when_on():
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    words = told(1, not_before=soon).split(maxsplit=1)[1]
    assert words.startswith("1 item; a run of the product sends what waits from ")
    assert soon in words
    assert words.endswith("`send` sends it now")


def test_a_pause_that_is_over_is_not_told():
    assert " from " not in told(2, not_before="2020-01-01T00:00:00Z")


def test_where_the_agent_sends_the_product_is_not_waited_for():
    assert told(3, way="agent").split(maxsplit=1)[1] == "3 items"
