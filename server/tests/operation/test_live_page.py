"""The live view as a page: what a developer sees of what was just sent, and where it is not."""

import json
import urllib.request

import pytest
from bench.server import running

CANARY = "canary.person@example.org"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("live") / "data") as server:
        yield server


def page(server, query="") -> tuple[str, dict[str, str]]:
    address = "http://{}:{}/products/bench/live".format(*server.address)
    with urllib.request.urlopen(address + query, timeout=30) as answer:
        return answer.read().decode(), dict(answer.headers)


def send(server, origin, **item):
    request = urllib.request.Request(
        "http://{}:{}/api/v1/products".format(*server.address),
        headers={"authorization": f"Bearer {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        (product,) = json.load(answer)["products"]
    key = next(k["key"] for k in product["write_keys"] if k["origin"] == origin)
    whole = {"item": "event.job_finished", "id": "1" * 32, "at": "2026-11-22T10:00:00Z",
             "instance": CANARY.replace("@", "-"), **item}  # fmt: skip
    request = urllib.request.Request(
        "http://{}:{}/v1/telemetry".format(*server.address),
        data=json.dumps({"manifest": server.digest, "items": [whole]}).encode(),
        headers={"authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["receipts"][0]


def test_a_developer_sees_names_types_and_reasons_and_nobody_a_value(server):
    assert "Nothing has been sent with the development key" in page(server)[0]
    send(server, "development", fields={"result": CANARY})
    send(server, "development", fields={"result": "SUCCESS", "<i>surplus</i>": CANARY})
    send(server, "production", fields={"result": "SUCCESS", "hidden_name": CANARY})
    text, _ = page(server)
    assert "not of its declared type or not a declared value" in text
    assert "<code>result</code>" in text
    assert "Not declared, dropped: <code>&lt;i&gt;surplus&lt;/i&gt;</code> (text)" in text
    assert "hidden_name" not in text, "what others send is no developer's"
    assert CANARY not in text
    assert "<i>surplus" not in text


def test_undeclared_names_are_on_no_disk(server):
    send(server, "development", fields={"result": "SUCCESS", "only_in_memory": 1})
    assert "only_in_memory" in page(server)[0]
    for path in server.data.rglob("*"):
        if path.is_file():
            assert b"only_in_memory" not in path.read_bytes(), path


def test_it_comes_anew_only_if_asked_to(server):
    assert "refresh" not in {name.lower() for name in page(server)[1]}
    text, headers = page(server, "?reload=on")
    assert {name.lower(): value for name, value in headers.items()}["refresh"] == "5"
    assert "Stop that" in text
