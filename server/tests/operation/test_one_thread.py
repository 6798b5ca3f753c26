"""`GLASSHOUSE_ONE_THREAD`: slower, and otherwise a server like any other."""

import json
import os
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench.load import native_requests, send
from bench.server import Server, running

from glasshouse.keeping.restoring import restore, verify

VICTIM = "5f2c1d84-9b3e-4a67-8c15-e0d7a94b6f21"


@pytest.fixture
def server(tmp_path):
    with running(tmp_path / "data", one_thread="1", load_every="0.05") as server:
        yield server


def keep(server: Server, action: str, **asked) -> dict:
    request = urllib.request.Request(
        "http://{}:{}/api/v1/keeping/{}".format(*server.address, action),
        data=json.dumps(asked).encode(),
        headers={"authorization": f"Bearer {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def of_victim(server: Server, number: int) -> None:
    item = {"item": "event.job_finished", "id": f"{number:032x}", "instance": VICTIM,
            "at": datetime.now(UTC).isoformat(),
            "fields": {"result": "SUCCESS"}}  # fmt: skip
    request = urllib.request.Request(
        "http://{}:{}/v1/telemetry".format(*server.address),
        data=json.dumps({"manifest": server.digest, "items": [item]}).encode(),
        headers={"authorization": f"Bearer {server.key}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["receipts"][0]["outcome"] == "accepted"


def test_nothing_else_writes_beside_the_one_thread(server):
    names = {
        (task / "comm").read_text().strip() for task in Path(f"/proc/{server.pid}/task").iterdir()
    }
    assert "journal" not in names
    assert "loader" not in names


def test_erasing_and_backing_up_under_load(server, tmp_path):
    """Both end the journal's segment while requests append to it."""
    requests = [native_requests(400, 20, server.digest, server.key, seed) for seed in range(6)]
    failures, stop = [], threading.Event()

    def load() -> None:
        for batch in requests:
            failures.append(send(server.address, batch, 2).failures)
            if stop.wait(0.2):
                return

    sender = threading.Thread(target=load)
    sender.start()
    for number in range(3):
        of_victim(server, number)
        receipt = keep(server, "erase", product="bench", kind="instance", identity=VICTIM)
        assert receipt["items_total"] == 1, receipt
        keep(server, "backup", to=str(tmp_path / f"backup-{number}"))
        verify(tmp_path / f"backup-{number}")
    sender.join()
    assert sum(failures) == 0
    server.wait_until_stored(2400 + 3)
    account = server.get("/health/accounting")
    assert account["difference"] == 0
    (row,) = server.sql("select count(*) as items from events")
    assert row["items"] == 2400
    for path in server.data.rglob("*"):
        if path.is_file():
            assert VICTIM.encode() not in path.read_bytes(), path
    restore(tmp_path / "backup-2", tmp_path / "restored", secrets=server.data / "secrets")
    assert os.listdir(tmp_path / "restored" / "store")
