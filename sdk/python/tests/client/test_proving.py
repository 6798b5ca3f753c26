"""The proof that an instance is itself."""

import hashlib
import hmac
import json
from pathlib import Path

from glasshouse_sdk.sender.proving import key_to_forget, proof


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


def test_key_and_proof_are_made_as_the_contract_says():
    golden = Path(__file__).parents[4] / "protocol" / "golden" / "forget-key.json"
    told = json.loads(golden.read_text())
    assert key_to_forget(told["secret"], told["slug"]) == told["key"]
    assert proof(told["secret"], told["slug"]) == told["proof"]
