"""An instance cannot write into another's rows: a small client that proves who it is."""

import hashlib
import hmac
import secrets
import sqlite3
import uuid
from datetime import UTC, datetime

import pytest

from glasshouse.collector.proofs import Proofs, ProofsUnavailableError


class ProvingClient:
    """An installed copy: a random id, a random secret, and the token made of it."""

    def __init__(self, product="shop"):
        self.instance = str(uuid.uuid4())
        text = f"glasshouse-forget/1\0{product}".encode()
        key = hmac.new(secrets.token_bytes(32), text, hashlib.sha256).hexdigest()
        self.token = hashlib.sha256(f"glasshouse-proof/2\0{key}".encode()).hexdigest()

    def item(self, instance=None):
        return {
            "item": "event.build_completed",
            "id": secrets.token_hex(16),
            "at": datetime.now(UTC).isoformat(),
            "instance": instance or self.instance,
            "fields": {"result": "SUCCESS"},
        }


def outcomes(answer):
    return [(r["outcome"], r.get("reason")) for r in answer.json()["receipts"]]


ACCEPTED, REFUSED = ("accepted", None), ("rejected", "bad_proof")


def test_nobody_else_writes_into_the_rows_of_an_instance_that_proved_itself(running):
    ours, theirs = ProvingClient(), ProvingClient()
    proof = {"glasshouse_proof": ours.token}
    assert outcomes(running.native([ours.item()], **proof)) == [ACCEPTED]
    assert outcomes(running.native([ours.item()], **proof)) == [ACCEPTED]
    assert outcomes(running.native([ours.item()])) == [REFUSED]
    mixed = [theirs.item(), theirs.item(ours.instance), theirs.item()]
    answer = running.native(mixed, glasshouse_proof=theirs.token)
    assert outcomes(answer) == [ACCEPTED, REFUSED, ACCEPTED]
    lines = [line["instance"] for line in running.lines()]
    assert lines.count(ours.instance) == 2


def test_a_foreign_door_cannot_write_into_them_either(running):
    ours = ProvingClient()
    running.native([ours.item()], glasshouse_proof=ours.token)
    message = {
        "type": "track",
        "event": "Build Completed",
        "userId": ours.instance,
        "properties": {"result": "SUCCESS"},
    }
    running.send("/v1/batch", {"batch": [message], "writeKey": running.key()})
    assert len(running.lines()) == 1
    assert ("rejected", "bad_proof", 1, "event.build_completed", None) in running.refusals()


def test_nobody_is_locked_out_of_a_foreign_door(foreign):
    trial = {"type": "security-trial", "correlator": "9" * 64, "payload": {"length": 7}}
    assert foreign.send("/events", trial, glasshouse_proof="5" * 64).status_code == 201
    assert foreign.send("/events", trial).status_code == 201


def test_no_token_is_registered_for_a_product_whose_clients_speak_another_format(foreign):
    product = foreign.catalogue.product("psmdb")
    item = {
        "item": "snapshot.host",
        "id": "1" * 32,
        "at": datetime.now(UTC).isoformat(),
        "instance": "i-1",
        "fields": {"deployment": "DOCKER", "pillar_version": "7.0", "OS": "el9",
                   "hardware_arch": "unknown"},
    }  # fmt: skip
    bearer = f"Bearer {product.keys[0].key}"
    for token in ("5" * 64, "6" * 64):
        answer = foreign.send(
            "/v1/telemetry", {"items": [item]}, authorization=bearer, glasshouse_proof=token
        )
        assert outcomes(answer) == [ACCEPTED]


def test_who_never_proved_anything_is_taken_as_before(running):
    old = ProvingClient()
    for _ in range(2):
        assert outcomes(running.native([old.item()])) == [ACCEPTED]


def test_one_token_serves_all_instances_of_an_agent(running):
    agent = ProvingClient()
    items = [agent.item("first"), agent.item("second")]
    answer = running.native(items, glasshouse_proof=agent.token)
    assert outcomes(answer) == [ACCEPTED, ACCEPTED]
    other = ProvingClient()
    answer = running.native(items, glasshouse_proof=other.token)
    assert outcomes(answer) == [REFUSED, REFUSED]


@pytest.mark.parametrize("token", ["", "CANARY", "A" * 64, "0" * 63])
def test_what_is_no_token_is_refused_whole(running, token):
    client = ProvingClient()
    answer = running.native([client.item()], glasshouse_proof=token)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "bad_proof")
    running.native([client.item()])
    assert b"CANARY" not in running.bytes_on_disk()


def test_verifiers_survive_a_kill_and_hold_neither_id_nor_token(tmp_path):
    ours, theirs = ProvingClient(), ProvingClient()
    before = Proofs(tmp_path / "proofs", b"k" * 32)
    assert before.allows("shop", ours.instance, ours.token)
    # Not closed: what a killed process leaves is what is on the disk now.
    after = Proofs(tmp_path / "proofs", b"k" * 32)
    assert not after.allows("shop", ours.instance, theirs.token)
    assert after.proves("shop", ours.instance, ours.token)
    assert after.allows("other", ours.instance, theirs.token)
    held = b"".join(path.read_bytes() for path in (tmp_path / "proofs").iterdir())
    for secret in (ours.instance, ours.token):
        assert secret.encode() not in held
    assert uuid.UUID(ours.instance).bytes not in held
    before.close()
    after.close()


def test_what_another_process_registered_is_known_soon(tmp_path):
    ours, now = ProvingClient(), [0.0]
    here = Proofs(tmp_path, b"k" * 32, lambda: now[0])
    there = Proofs(tmp_path, b"k" * 32)
    assert here.allows("shop", ours.instance, None)
    assert there.allows("shop", ours.instance, ours.token)
    now[0] = 11.0
    assert not here.allows("shop", ours.instance, None)
    here.close()
    there.close()


def test_an_erased_instance_leaves_no_verifier(tmp_path):
    ours, theirs = ProvingClient(), ProvingClient()
    proofs = Proofs(tmp_path, b"k" * 32)
    proofs.allows("shop", ours.instance, ours.token)
    name = proofs._hash("shop", ours.instance)
    held = lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: E731
    assert name in held()
    proofs.forget("shop", [ours.instance])
    assert name not in held()
    assert proofs.allows("shop", ours.instance, theirs.token)
    proofs.close()


def test_a_failing_disk_makes_requests_wait_and_loses_none(running):
    class Failing:
        def execute(self, *_):
            raise sqlite3.OperationalError("disk I/O error")

        def close(self):
            pass

    ours = ProvingClient()
    whole, running.proofs._database = running.proofs._database, Failing()
    answer = running.native([ours.item()], glasshouse_proof=ours.token)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    with pytest.raises(ProofsUnavailableError):
        running.proofs.allows("shop", "x", None)
    running.proofs._database = whole
    assert outcomes(running.native([ours.item()], glasshouse_proof=ours.token)) == [ACCEPTED]
