"""What leaves, when, how often, and what the collector's answers do."""

import hashlib
import hmac
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from glasshouse_sdk import Telemetry
from glasshouse_sdk.claims import MOST_BYTES, MOST_ITEMS, claims, drop_over_bounds, new_claim
from glasshouse_sdk.schedule import LONGEST_PAUSE, Delivery
from glasshouse_sdk.state import State


def waiting(sdk) -> int:
    return json.loads(sdk("status", "--json"))["waiting"]


def counts(collector) -> list[int]:
    return [item["fields"]["count"] for item in collector.items]


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


def test_preview_is_byte_for_byte_what_is_sent_and_history_what_was(
    sdk, product, collector, tmp_path
):
    product(
        "import random; random.seed(7)\n"
        "for n in range(400):\n"
        "    telemetry.record('done', count=n, ratio=random.random(), dry=n % 2 == 0,"
        " message='é' * n, project=str(n), plugins={'a b': n}, seconds=random.uniform(0, 1e9))"
    )
    previews = []
    for number in range(1, 20):
        preview = json.loads(sdk("preview", "--json"))
        if preview is None:
            break
        assert sdk("preview", "--body") == preview["body"]
        previews.append(preview["body"].encode())
        product("telemetry.record('done', count=0)") if number == 1 else None
        collector.mode = "503"
        sdk("send", code=1)
        collector.mode = "ok"
        if number == 1:
            assert json.loads(sdk("preview", "--json"))["body"] == preview["body"]
        sdk("send")
    sent = [body for body, twice in zip(collector.bodies, [*collector.bodies[1:], b""], strict=True)
            if body != twice]  # fmt: skip
    assert sent[0] == previews[0]
    assert max(counts(collector)) == 399
    history = json.loads(sdk("history", "--json"))
    assert [entry["body"].encode() for entry in history] == sent
    assert [a["verdict"] for a in history[0]["attempts"]] == ["retry", "acknowledged"]
    receipts = history[0]["attempts"][-1]["receipts"]
    assert [r["id"] for r in receipts] == [i["id"] for i in json.loads(sent[0])["items"]]
    assert "accepted" in sdk("history")


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


def test_the_host_waits_for_nothing_whatever_the_network_does(
    manifest_with, product, collector, eventually, sdk
):
    manifest = manifest_with(('send = "agent"', 'send = "detached"'))
    collector.mode = "hole"
    started = time.monotonic()
    product(
        "t = time.perf_counter()\n"
        "telemetry.record('done', count=1)\n"
        "import atexit; atexit.register(lambda: time.perf_counter() - t < 2 or os._exit(9))",
        MANIFEST=manifest,
    )
    assert time.monotonic() - started < 10
    eventually(lambda: collector.requests)
    collector.closing.set()


def test_a_detached_sender_delivers_after_its_host_is_gone(
    manifest_with, product, collector, eventually, tmp_path
):
    manifest = manifest_with(('send = "agent"', 'send = "detached"'))
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
    eventually(lambda: counts(collector) == [1])
    eventually(lambda: not claims(State(str(tmp_path / "state"))))
    product("telemetry.record('done', count=2)", MANIFEST=manifest)
    time.sleep(0.5)
    assert counts(collector) == [1]  # the next sender is not due within a minute
    path = tmp_path / "state" / "delivery.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "not_before": 0}))
    product("telemetry.record('done', count=3)", MANIFEST=manifest)
    eventually(lambda: counts(collector) == [1, 2, 3])


def test_next_run_sends_what_the_last_run_left(manifest_with, product, collector, eventually):
    manifest = manifest_with(('send = "agent"', 'send = "next-run"'))
    killed = "telemetry.record('done', count=1); os.kill(os.getpid(), 9)"
    product(killed, expect=-9, MANIFEST=manifest)
    assert collector.requests == []
    product("telemetry.record('done', count=2)", MANIFEST=manifest)
    eventually(lambda: 1 in counts(collector))


def test_in_line_sends_before_the_process_ends(manifest_with, product, collector):
    manifest = manifest_with(('send = "agent"', 'send = "inline 5s"'))
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
    assert counts(collector) == [1]
    product(
        "telemetry.record('done', count=2); assert telemetry.send() == 'acknowledged'",
        MANIFEST=manifest,
    )
    assert counts(collector) == [1, 2]


@pytest.mark.parametrize("mode", ["hole", "trickle"])
def test_in_line_keeps_its_deadline(manifest_with, product, collector, mode):
    manifest = manifest_with(('send = "agent"', 'send = "inline 1s"'))
    collector.mode = mode
    product(
        "telemetry.record('done', count=1)\n"
        "t = time.perf_counter(); assert telemetry.send() == 'waiting'\n"
        "assert 0.5 < time.perf_counter() - t < 4\n"
        "os._exit(0)",
        MANIFEST=manifest,
    )


def test_a_frozen_program_sends_in_line_without_another_process(manifest_with, product, collector):
    manifest = manifest_with(('send = "agent"', 'send = "inline 5s"'))
    code = (
        "sys.frozen = True\ntelemetry.record('done', count=1)\n"
        "assert telemetry.send() == 'acknowledged'"
    )
    product(code, MANIFEST=manifest)
    assert counts(collector) == [1]


def test_concurrent_senders_send_no_claim_twice(sdk, product, collector, tmp_path, manifest):
    product("for n in range(900): telemetry.record('done', count=n, message='x' * n, project='p')")
    command = [
        sys.executable, "-m", "glasshouse_sdk", "--manifest", manifest, "--state",
        str(tmp_path / "state"), "--endpoint", collector.url, "--key", "k", "send",
    ]  # fmt: skip
    senders = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(5)]
    for sender in senders:
        sender.wait(60)
    sdk("send")
    ids = [item["id"] for item in collector.items]
    assert len(ids) == len(set(ids)) == 900
    assert len(collector.requests) >= 2


def test_products_that_record_while_a_sender_works_lose_nothing(sdk, collector, tmp_path, manifest):
    state = str(tmp_path / "state")
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, state={state!r}, environment={{}}, strict=True,"
        f" endpoint={collector.url!r}, key='k')\n"
        "for n in range(4000): t.record('done', count=n % 1000)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    while any(writer.poll() is None for writer in writers):
        subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", "--manifest", manifest, "--state", state,
             "--endpoint", collector.url, "--key", "k", "send"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    sdk("send")
    ids = [item["id"] for item in collector.items]
    assert len(ids) == len(set(ids)) == 12_000


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


def test_the_spool_drops_its_oldest_and_says_how_many(tmp_path):
    state = State(str(tmp_path / "state"))
    state.make()
    day = 86_400 * 10**9
    now = 100 * day
    line = b'{"item":"event.done"}'
    new_claim(state, [line] * 5, "a.production", now - 31 * day)
    new_claim(state, [line] * 7, "a.production", now - 29 * day)
    new_claim(state, [line] * (MOST_ITEMS - 10), "a.production", now - 28 * day)
    new_claim(state, [line] * 5, "a.production", now)
    assert drop_over_bounds(state, now) == 12
    assert [claim.count for claim in claims(state)] == [MOST_ITEMS - 10, 5]
    new_claim(state, [b"x" * (MOST_BYTES - 1000)], "a.production", now + 1)
    assert drop_over_bounds(state, now) == MOST_ITEMS - 10
    assert [claim.count for claim in claims(state)] == [5, 1]


def test_a_spool_without_any_network_stays_bounded(manifest, tmp_path):
    telemetry = Telemetry(manifest, state=tmp_path / "s", environment={}, strict=True)
    stages = ["a"] * 1000
    for _ in range(2000):
        telemetry.record("done", stages=stages)
    size = sum(p.stat().st_size for p in (tmp_path / "s" / "spool").iterdir())
    assert size < MOST_BYTES + 200_000
    tallies = (tmp_path / "s" / "tallies").read_text()
    assert tallies.startswith("dropped ")


def test_a_torn_line_costs_itself_alone(sdk, product, collector, tmp_path):
    product("telemetry.record('done', count=1)")
    (path,) = (tmp_path / "state" / "spool").glob("*.open")
    with path.open("ab") as file:
        file.write(b'{"item":"event.done","id":"12')
    product("telemetry.record('done', count=2)\ntelemetry.record('done', count=3)")
    sdk("send", code=1)
    assert counts(collector) == [1, 2, 3]


def test_the_sender_knows_nothing_of_its_host(manifest, product, collector, tmp_path, monkeypatch):
    """It runs no user configuration and inherits neither directory, files nor variables."""
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "glasshouse_sdk.py"):
        (trap / name).write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    code = f"""
import threading
os.chdir({str(trap)!r})
os.environ.update(PYTHONPATH={str(trap)!r}, PYTHONSTARTUP='x', SECRET_OF_HOST='1')
inherited = os.open('/dev/null', os.O_RDONLY); os.set_inheritable(inherited, True)
from glasshouse_sdk import launching
telemetry.record('done', count=1)
pid = launching.launch({str(tmp_path / "state")!r}, (), os.environ, asked=True)
seen = None
while not launching.has_ended(pid):
    try:
        cwd = os.readlink(f'/proc/{{pid}}/cwd')
        files = {{os.readlink(f'/proc/{{pid}}/fd/{{n}}') for n in (0, 1, 2)}}
        environ = open(f'/proc/{{pid}}/environ', 'rb').read()
        if cwd == '/' and b'PATH' in environ:
            seen = files, environ, os.getsid(pid) == pid
    except OSError:
        pass
assert seen is not None
files, environ, leads = seen
assert files == {{'/dev/null'}} and leads
assert b'SECRET_OF_HOST' not in environ and b'PYTHON' not in environ
"""
    product(code)
    assert counts(collector) == [1]
    assert not (tmp_path / "sprung").exists()


def test_a_proxy_is_used_and_no_proxy_obeyed(sdk, product, collector):
    product("telemetry.record('done', count=1)")
    proxy = {"http_proxy": collector.url}
    sdk("--endpoint", "http://telemetry.invalid", "send", **proxy)
    assert collector.requests[0]["path"] == "http://telemetry.invalid/v1/telemetry"
    product("telemetry.record('done', count=2)")
    sdk("--endpoint", "http://telemetry.invalid", "send", code=1, no_proxy="*", **proxy)
    assert len(collector.requests) == 1


def test_https_goes_through_a_tunnel_and_trusts_no_stranger(sdk, product, tmp_path):
    """A CONNECT proxy sees the name and then TLS; plain text in its place is refused."""
    product("telemetry.record('done', count=1)")
    seen: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        address = f"http://user:pass@127.0.0.1:{listener.getsockname()[1]}"
        sdk("--endpoint", "https://telemetry.invalid", "send", code=1, HTTPS_PROXY=address)
        thread.join(20)
    assert seen[0].startswith(b"CONNECT telemetry.invalid:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in seen[0]
    assert seen[1][:1] == b"\x16"  # a TLS handshake
    assert waiting(sdk) == 1


def test_the_percona_wire(sdk, product, collector, manifest_with):
    manifest = manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "percona"'),
        ("[snapshot.host]\n", ('[doors.percona]\nkey = "PRODUCT_FAMILY_PSMDB"\n'
         'fields = { pillar_version = "runtime" }\n\n[snapshot.host]\n')),
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
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
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


def test_a_wire_that_is_not_spoken_is_said_so(sdk, product, manifest_with):
    manifest = manifest_with(('send = "agent"', 'send = "agent"\nwire = "dujour"'))
    product("telemetry.record('done', count=1)", MANIFEST=manifest)
    assert "expected one of native, percona, segment" in sdk("send", code=1, manifest=manifest)
    assert "expected one of native, percona, segment" in sdk("preview", code=2, manifest=manifest)


def test_commands_explain_themselves(sdk, tmp_path):
    for command in ("status", "why", "list", "preview", "history", "on", "off", "send", "record",
                    "compile"):  # fmt: skip
        assert "Example: glasshouse-sdk" in sdk(command, "--help")
    assert "no TOML" in sdk("why", manifest=_broken(tmp_path), code=2)
    assert "expected one of" in sdk("record", "dome", code=2)
    assert "expected a value of type integer" in sdk("record", "done", "count=x", code=2)
    assert "Recorded event.done" in sdk("record", "done", "count=3", 'plugins={"a": 1}')
    assert '"count":3,"plugins":{"a":1}' in sdk("preview", "--body")


def _broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.toml"
    path.write_text("[product")
    return str(path)


def test_a_state_directory_may_be_named_relative_to_where_one_is(
    product, collector, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    product(
        "telemetry.record('done', count=1); assert telemetry.send(20) == 'acknowledged'",
        STATE="here",
    )
    assert counts(collector) == [1]
    assert (tmp_path / "here" / "history").is_dir()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("ok", "acknowledged"), ("poisoned", "given-up"), ("410", "given-up"), ("503", "waiting"),
     ("portal", "waiting"), ("rejecting", "given-up")],
)  # fmt: skip
def test_send_says_what_became_of_it(product, collector, mode, expected):
    collector.mode = mode
    product(f"telemetry.record('done', count=13); assert telemetry.send(20) == {expected!r}")


def test_a_product_can_look_at_what_waits_discard_it_and_read_what_left(product, collector):
    product(
        "telemetry.record('done', count=1); telemetry.record('host', cores=2)\n"
        "assert [i['item'] for i in telemetry.waiting()] == ['event.done', 'snapshot.host']\n"
        "instance = telemetry.waiting()[0]['instance']\n"
        "telemetry.discard()\n"
        "assert telemetry.waiting() == () and telemetry.preview() is None\n"
        "assert telemetry.history() == ()\n"
        "telemetry.record('done', count=3)\n"
        "(item,) = telemetry.waiting()\n"
        "assert (item['instance'], item['fields']) == (instance, {'count': 3})\n"
        "body = telemetry.preview().body\n"
        "assert telemetry.send(20) == 'acknowledged'\n"
        "(entry,) = telemetry.history()\n"
        "assert entry.body == body and entry.attempts[0]['verdict'] == 'acknowledged'"
    )
    assert counts(collector) == [3]


def test_a_product_may_end_without_sending(manifest_with, tmp_path, collector):
    manifest = manifest_with(('send = "agent"', 'send = "inline 5s"'))
    code = (
        "from glasshouse_sdk import Telemetry\n"
        f"t = Telemetry({manifest!r}, endpoint={collector.url!r}, state={str(tmp_path / 's')!r},"
        " environment={{}}, strict=True, sends_at_exit={sends})\n"
        "t.record('done', count=1)"
    )
    subprocess.run([sys.executable, "-c", code.format(sends=False)], check=True, timeout=60)
    assert collector.requests == []
    subprocess.run([sys.executable, "-c", code.format(sends=True)], check=True, timeout=60)
    assert counts(collector) == [1, 1]


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


def test_every_request_carries_the_same_proof_and_the_secret_never_leaves(
    product, collector, tmp_path, sdk
):
    for n in range(2):
        product(f"telemetry.record('done', count={n}); telemetry.send(20)")
    proofs = {request["headers"]["Glasshouse-Proof"] for request in collector.requests}
    secret = (tmp_path / "state" / "secret").read_text().strip()
    key = hmac.new(bytes.fromhex(secret), b"glasshouse-forget/1\0acme", "sha256").hexdigest()
    assert proofs == {hashlib.sha256(f"glasshouse-proof/2\0{key}".encode()).hexdigest()}
    sent = (
        b"".join(collector.bodies) + json.dumps([r["headers"] for r in collector.requests]).encode()
    )
    assert secret.encode() not in sent
    assert proofs.pop() not in sdk("history", "--json")


def test_a_lost_secret_makes_a_new_instance(product, collector, tmp_path):
    product("telemetry.record('done', count=1)")
    (tmp_path / "state" / "secret").unlink()
    product("telemetry.record('done', count=2); telemetry.send(20)")
    assert len({item["instance"] for item in collector.items}) == 2


def test_ten_thousand_generated_items_leave_as_they_were_previewed(manifest, collector, tmp_path):
    chance = random.Random(11)
    telemetry = Telemetry(
        manifest,
        state=tmp_path / "state",
        environment={},
        endpoint=collector.url,
        key="k",
        strict=True,
    )
    for n in range(10_000):
        fields = {
            "count": n % 1000, "ratio": chance.uniform(-1e18, 1e18), "dry": n % 3 == 0,
            "message": "é" * (n % 50), "project": f"p{n}", "seconds": chance.random(),
            "plugins": {f"p {k}": k for k in range(n % 4)}, "stages": ["a", "b"][: n % 3],
            "os": chance.choice(["Debian GNU/Linux 12", "Plan 9", "x\u2028"]), "runtime": f"3.{n}",
        }  # fmt: skip
        telemetry.record("done", **dict(list(fields.items())[n % 5 :]))
    collector.mode = "every other"
    previewed = []
    while (request := telemetry.preview()) is not None:
        previewed.append(request.body)
        telemetry.send(20)
    assert collector.bodies[::2] == previewed
    ids = [item["id"] for body in previewed for item in json.loads(body)["items"]]
    assert len(ids) == len(set(ids)) == 10_000
    assert len(previewed) > 10


def test_a_reader_that_has_seen_enough_is_no_error(product, manifest, tmp_path):
    product("for n in range(900): telemetry.record('done', count=n, message='x' * n)")
    command = f"{sys.executable} -m glasshouse_sdk --manifest {manifest} --state {tmp_path}/state"
    done = subprocess.run(
        f"{command} preview --json | head -c 1; {command} list | head -n 1",
        shell=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("environ", "origin"),
    [({}, None), ({"CI": "true"}, "ci"), ({"GITHUB_ACTIONS": "true"}, "ci"),
     ({"CI": "false"}, None),
     ({"JENKINS_URL": "https://ci.example.com"}, "ci"),
     ({"CI": "1", "TOX_ENV_NAME": "py"}, "development")],
)  # fmt: skip
def test_builds_and_tests_are_told_apart_from_people(product, collector, environ, origin):
    product("telemetry.record('done', count=1); telemetry.send(20)", **environ)
    assert json.loads(collector.bodies[0]).get("origin") == origin
