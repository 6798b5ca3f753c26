"""The kinds of what was refused outlive a server that is killed."""

import json
import os
import signal
import time
import urllib.request

from bench.server import running


def kinds(server) -> list[dict]:
    host, port = server.address
    request = urllib.request.Request(
        f"http://{host}:{port}/api/v1/quarantine?product=bench",
        headers={"authorization": f"Bearer {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["kinds"]


def test_a_kill_costs_the_window_on_refusals_seconds_at_most(tmp_path):
    with running(tmp_path / "data") as server:
        body = {"manifest": server.digest, "items": [{"item": "event.unknown", "id": "1" * 32}]}
        request = urllib.request.Request(
            "http://{}:{}/v1/telemetry".format(*server.address),
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {server.key}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["receipts"][0]["outcome"] == "rejected"
        before = kinds(server)
        assert before
        file = tmp_path / "data" / "quarantine" / "kinds.json"
        end = time.monotonic() + 20
        while not file.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        os.kill(server.pid, signal.SIGKILL)
    with running(tmp_path / "data") as server:
        assert kinds(server) == before
