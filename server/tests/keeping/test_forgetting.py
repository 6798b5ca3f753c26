"""An instance asks to be forgotten: proven, noted before it is answered, done with others."""

import hashlib
import hmac
import json
import os
import random
import secrets
import signal
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jsonschema
import pytest
from bench.load import event as bench_event
from bench.server import running
from keeping_world import OTHERS, VICTIM, event, filled, opened, places, send

from glasshouse.collector.forgetting import proof_of
from glasshouse.keeping.backup import back_up
from glasshouse.keeping.checking import examine
from glasshouse.keeping.erasing import replay
from glasshouse.keeping.forgetting import Forgetting
from glasshouse.keeping.restoring import restore

PROTOCOL = Path(__file__).parents[3] / "protocol"
SCHEMA = json.loads((PROTOCOL / "forget.schema.json").read_text())


def check(answer, kind):
    jsonschema.validate(answer, {**SCHEMA, "$ref": f"#/$defs/{kind}"})


class Client:
    """An installed copy: what it makes of its secret, and what it sends."""

    def __init__(self, server):
        self.server = server
        self.instance = str(uuid.uuid4())
        self.key = hmac.new(secrets.token_bytes(32), b"glasshouse-forget/1\0bench", "sha256")
        self.key = self.key.hexdigest()
        self.proof = hashlib.sha256(f"glasshouse-proof/2\0{self.key}".encode()).hexdigest()
        self.url = "http://{}:{}".format(*server.address)

    def send(self, items=3, instance=None):

        chance = random.Random(secrets.randbits(32))
        batch = [
            bench_event(chance, datetime.now(UTC).isoformat())
            | {"instance": instance or self.instance}
            for _ in range(items)
        ]
        answer = httpx.post(
            self.url + "/v1/telemetry",
            json={"manifest": self.server.digest, "items": batch},
            headers={"Authorization": f"Bearer {self.server.key}", "Glasshouse-Proof": self.proof},
            timeout=30,
        )
        return [(r["outcome"], r.get("reason")) for r in answer.json()["receipts"]]

    def forget(self, request, key=None, instance=None, product="bench"):
        body = {"request": request, "product": product, "instance": instance or self.instance}
        check(body, "request")
        headers = {"Glasshouse-Forget": key or self.key}
        return httpx.post(self.url + "/v1/forget", json=body, headers=headers, timeout=30)

    def state(self, request):
        return httpx.get(f"{self.url}/v1/forget/{request}", timeout=30).json()["receipt"]

    def wait_until_done(self, request, seconds=30):
        give_up = time.monotonic() + seconds
        while (receipt := self.state(request))["state"] != "done":
            assert time.monotonic() < give_up
            time.sleep(0.6)
        return receipt


def test_who_holds_the_secret_is_forgotten_and_nobody_else(tmp_path: Path) -> None:
    request = secrets.token_hex(16)
    with running(tmp_path) as server:
        client, other = Client(server), Client(server)
        assert client.send() == other.send() == [("accepted", None)] * 3
        server.wait_until_stored(6)
        assert places(tmp_path, client.instance)

        stranger = secrets.token_hex(32)
        refusals = [
            client.forget(request, key=stranger),
            client.forget(request, key=other.key),
            client.forget(request, key=client.proof),  # the proof was seen on the way; no key
            client.forget(request, instance=str(uuid.uuid4())),
            client.forget(request, product="nothing"),
        ]
        assert {r.status_code for r in refusals} == {403}
        assert len({r.content for r in refusals}) == 1, "it tells nothing of what is here"
        assert httpx.get(f"{client.url}/v1/forget/{request}").status_code == 404

        answer = client.forget(request)
        assert answer.status_code == 202
        check(answer.json(), "answer")
        receipt = answer.json()["receipt"]
        assert (receipt["state"], receipt["request"]) == ("pending", request)
        assert receipt["by"] > receipt["asked_at"]
        assert any("every item" in text for text in receipt["erases"])
        # From here on nothing more of it comes in, though it is not yet erased.
        assert client.send(2) == [("suppressed", "erased")] * 2
        assert client.forget(request).json()["receipt"]["asked_at"] == receipt["asked_at"]

        done = client.wait_until_done(request)
        assert done["items"] == {"event.job_finished": 3}
        check(done, "receipt")
        assert client.forget(request).json()["receipt"] == done, "asked again, it is the same"
        assert client.send(2) == [("suppressed", "erased")] * 2
        assert other.send(1) == [("accepted", None)]
        server.wait_until_stored(7)
        assert places(tmp_path, client.instance) == set()
        assert places(tmp_path, other.instance)
        account = server.get("/health/accounting")
        assert account["difference"] == 0
        assert account["products"]["bench"]["native"]["suppressed"] == {"erased": 4}
        assert account["forget_requests"] == {"bench": {"asked": 1, "done": 1}}
    assert places(tmp_path, client.instance) == set()
    with running(tmp_path) as server:
        assert Client(server).state(request)["state"] == "done"


def test_the_proof_belongs_to_the_key_as_the_contract_says() -> None:
    golden = json.loads((PROTOCOL / "golden/forget-key.json").read_text())
    assert proof_of(golden["key"]) == golden["proof"]


def test_a_request_that_was_answered_survives_kill_9(tmp_path: Path) -> None:
    request = secrets.token_hex(16)
    with running(tmp_path) as server:
        client = Client(server)
        client.send()
        server.wait_until_stored(3)
        assert client.forget(request).status_code == 202
        os.kill(server.pid, signal.SIGKILL)
    with running(tmp_path) as server:
        client.server, client.url = server, "http://{}:{}".format(*server.address)
        client.wait_until_done(request)
        assert places(tmp_path, client.instance) == set()
        assert client.send(1) == [("suppressed", "erased")]


def test_bad_requests_are_answered_and_too_many_are_sent_away(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        url = "http://{}:{}/v1/forget".format(*server.address)
        key = {"Glasshouse-Forget": "0" * 64}
        good = {"request": "0" * 32, "product": "bench", "instance": "i"}
        assert httpx.get(url).status_code == 405
        for body in (b"", b"[]", b"{", b"\xff", b'{"request":1}', b"[" * 4000):
            assert httpx.post(url, content=body, headers=key).status_code == 400
        assert httpx.post(url, json=good | {"request": "../../x"}, headers=key).status_code == 400
        assert httpx.post(url, json=good | {"instance": "i" * 300}, headers=key).status_code == 400
        assert httpx.post(url, json=good).status_code == 400
        assert httpx.post(url, content=b" " * 5000, headers=key).status_code == 413
        with httpx.Client(headers=key) as client:
            answers = [*until_sent_away(client.post(url, json=good) for _ in range(2000))]
        assert {answer.status_code for answer in answers[:-1]} == {403}
        assert answers[-1].status_code == 429, "two a second are taken, ten seconds' worth at once"
        assert int(answers[-1].headers["retry-after"]) >= 1


def until_sent_away(answers):
    for answer in answers:
        yield answer
        if answer.status_code == 429:
            return


class Asking:
    """A book of requests whose clock is turned by hand."""

    def __init__(self, installation):
        self.now = 100.0
        self.book = Forgetting(installation.holdings, lambda: self.now, gather=10)

    def ask(self, instance):
        request = secrets.token_hex(16)
        self.book.ask("forge", instance, request)
        return request


def test_requests_are_gathered_and_the_file_is_rewritten_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with opened(data) as installation:
        filled(installation)
        asking = Asking(installation)
        file = data / "store" / "glasshouse.duckdb"
        before = file.stat().st_ino
        requests = [asking.ask(VICTIM), *map(asking.ask, OTHERS[:9])]
        asking.book()
        assert file.stat().st_ino == before
        asking.now += 9
        asking.book()
        assert {asking.book.receipt(r)["state"] for r in requests} == {"pending"}
        written = []
        rewrite = installation.store.rewrite
        installation.store.rewrite = lambda: (written.append(1), rewrite())
        asking.now += 2
        asking.book()
        assert written == [1]
        receipts = [asking.book.receipt(request) for request in requests]
        assert {r["state"] for r in receipts} == {"done"}
        assert receipts[0]["items"] == {"event.command_finished": 10, "snapshot.host": 1}
        assert receipts[1]["items"] == {"event.command_finished": 1, "snapshot.host": 1}
        for instance in (VICTIM, *OTHERS[:9]):
            assert places(data, instance) == set()
        left = installation.store.rows("select count(*) from events").rows[0][0]
        assert left == len(OTHERS) - 9
        assert installation.store.problems() == []
        assert asking.book.counts() == {"forge": {"asked": 10, "done": 10}}
        send(installation, event("late", 0.5, VICTIM))
        assert installation.loader.cycle().erased == 1
    assert places(data, VICTIM) == set()


def test_the_doctor_counts_requests_and_tells_of_late_ones(tmp_path: Path) -> None:
    def finding():
        return next(f for f in examine(installation.holdings) if f.check == "forget")

    with opened(tmp_path / "data") as installation:
        filled(installation)
        asking = Asking(installation)
        asking.ask(VICTIM)
        assert (finding().state, finding().found) == (
            "ok",
            "1 instances asked to be forgotten, 0 are",
        )
        ledger = tmp_path / "data" / "erasures.jsonl"
        entry = json.loads(ledger.read_text())
        ledger.write_text(json.dumps(entry | {"asked_at": "2026-01-01T00:00:00"}) + "\n")
        assert finding().state == "problem"
        assert "1 wait longer than promised" in finding().found


def test_after_a_long_run_the_next_one_waits_sixty_times_as_long(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as installation:
        filled(installation)
        asking = Asking(installation)
        rewrite = installation.store.rewrite

        def slow() -> None:
            rewrite()
            asking.now += 30

        installation.store.rewrite = slow
        first = asking.ask(VICTIM)
        asking.book()
        asking.now += 11
        asking.book()
        assert asking.book.receipt(first)["state"] == "done"
        second = asking.ask(OTHERS[0])
        for _ in range(3):
            asking.now += 590
            asking.book()
            assert asking.book.receipt(second)["state"] == "pending"
        asking.now += 40
        asking.book()
        assert asking.book.receipt(second)["state"] == "done"


@pytest.mark.parametrize("ends_after", ["erase", "rewrite"])
def test_a_run_that_ends_early_is_finished(tmp_path: Path, ends_after: str) -> None:
    data = tmp_path / "data"
    with opened(data) as installation:
        filled(installation)
        asking = Asking(installation)
        request = asking.ask(VICTIM)
        original = installation.store.rewrite

        def fail() -> None:
            if ends_after == "rewrite":
                original()
            raise OSError("the machine fails")

        installation.store.rewrite = fail
        asking.book()
        asking.now += 11
        with pytest.raises(OSError, match="the machine fails"):
            asking.book()
        assert asking.book.receipt(request)["state"] == "pending"
    with opened(data) as installation:
        asking = Asking(installation)
        assert places(data, VICTIM) == set(), "the start has done what was missing"
        asking.book()
        asking.now += 11
        asking.book()
        assert asking.book.receipt(request)["state"] == "done"
        asking.book()
        assert (data / "erasures.jsonl").read_text().count('"done"') == 1


def test_a_restored_backup_forgets_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with opened(data) as installation:
        filled(installation)
        back_up(installation.holdings, tmp_path / "backup")
        asking = Asking(installation)
        request = asking.ask(VICTIM)
        asking.book()
        asking.now += 11
        asking.book()
    restore(tmp_path / "backup", data)
    assert places(data, VICTIM)
    with opened(data) as installation:
        assert places(data, VICTIM) == set()
        assert installation.proofs.is_buried("forge", VICTIM)
        assert installation.forget_requests.receipt(request)["state"] == "done"
        assert replay(installation.holdings) == []
        assert json.loads((data / "erasures.jsonl").read_text().splitlines()[0])["mark"]
