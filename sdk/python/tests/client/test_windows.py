"""The owner's windows: preview, history, what waits; and the commands themselves."""

import json
import random
import subprocess
import sys
from pathlib import Path

from observed import counts

from glasshouse_sdk import Telemetry


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


def test_commands_explain_themselves(sdk, tmp_path):
    for command in ("status", "why", "list", "preview", "history", "on", "off", "send", "record",
                    "compile"):  # fmt: skip
        said = sdk(command, "--help").split()
        example = said[said.index("Example:") + 1 :]
        assert example[0] == "glasshouse-sdk"
        assert command in example
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


def test_a_reader_that_has_seen_enough_is_no_error(product, manifest, tmp_path):
    product("for n in range(900): telemetry.record('done', count=n, message='x' * n)")
    command = f"{sys.executable} -m glasshouse_sdk --manifest {manifest} --state {tmp_path}/state"
    done = subprocess.run(
        f"{command} preview --json | head -c 1; {command} list | head -n 1",
        shell=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""
