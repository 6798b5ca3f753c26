"""What is not declared never touches a disk: canaries in every undeclared place of every door.

A real server is sent requests that are full of canaries: in undeclared fields, in wrong values of
declared ones, in headers, paths and queries, with wrong keys, in bodies that are no JSON. Then
everything it wrote is searched, as bytes in five forms and row by row in the store.
"""

import base64
import gzip
import ipaddress
import json
import os
import socket
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import httpx
import pytest
from bench.server import free_port

from glasshouse.catalogue import Catalogue
from glasshouse.cli.manifest import composed_source
from glasshouse.cli.server_process import ServerProcess
from glasshouse.collector.doors import DOOR_BY_ROUTE
from glasshouse.model import Origin

CANARIES = (
    "canary.person@example.org",
    "198.51.100.77",
    "2001:db8:cafe:77::9",
    "/home/canaryuser/secret.txt",
    "C:\\Users\\canaryuser\\secret.txt",
    "ghp_canaryTOKEN1234567890",
    "canary-db7.internal.example",
)
# Where a version or a map's key is declared, a word is enough; it has the shape of either.
WORD = "canaryword"
# As an instance's id a token cannot be told from one; what names a person or a machine can.
NAMES = tuple(canary for canary in CANARIES if not canary.startswith("ghp_"))
SENT = " ".join(CANARIES)
HERE = Path(__file__).parent
PSMDB = Path(__file__).parents[3] / "products/percona-server-mongodb/manifest.toml"
HEADERS = {
    "user-agent": SENT,
    "cookie": f"session={SENT}",
    "referer": f"https://{CANARIES[6]}{CANARIES[3]}",
    "x-forwarded-for": CANARIES[1],
    "forwarded": f'for="[{CANARIES[2]}]"',
    "x-request-id": SENT,
    "date": SENT,
    CANARIES[5]: SENT,
}
CONTROL = "control-instance-4711"


def forms(text: str) -> Iterator[bytes]:
    """The text as it may have been written."""
    raw = text.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield urllib.parse.quote(text, safe="").encode()
    yield json.dumps(text)[1:-1].encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    for shift in range(3):  # where in a base64 text it stands decides how it looks
        encoded = base64.b64encode(b"\0" * shift + raw)
        inner = encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def items(path: str, fields: object) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {"item": path, "id": "0" * 32, "at": now, "instance": CONTROL, "fields": fields}


def bodies(key: str) -> Iterator[tuple[str, object]]:
    """Requests of every door with a canary wherever nothing is declared, and wrong ones."""
    odd = {"canary": SENT, SENT: SENT, "nested": {SENT: [SENT]}}
    good = {"result": "SUCCESS"}
    yield (
        "/v1/telemetry",
        {
            **odd,
            "client": SENT,
            "items": [
                items("event.build_completed", {**good, **odd}),
                {**items("event.build_completed", good), **odd, "instance": "i-2"},
                items("event.build_completed", {"result": SENT}),
                items("event.build_completed", {**good, "seconds": SENT, "class": odd}),
                items("event.build_completed", {**good, "job": SENT}),
                items("snapshot.host", {"os": SENT, "agents": {SENT: 1}}),
                *(items("snapshot.host", {"agents": {c: 1}}) for c in CANARIES[:5]),
                items("snapshot.host", {"os": SENT, "accounts": [{"repos": 1, **odd}, SENT]}),
                items(f"event.{SENT}", odd),
                {**items("event.build_completed", good), "instance": SENT},
                *({**items("event.build_completed", good), "instance": c} for c in NAMES),
                {**items("event.build_completed", good), "instance": odd},
                {**items("event.build_completed", good), "at": SENT},
                {**items("event.build_completed", good), "version": SENT},
                {**items("event.build_completed", good), "version": f"2.4-{WORD}", "id": "w1"},
                {**items("event.build_completed", good), "version": WORD, "id": "w2"},
                {**items("snapshot.host", {"agents": {WORD: 1, "debian 12": 3}}), "id": "w3"},
                {**items("snapshot.host", {"agents": {f"9.{WORD}": 1}}), "id": "w4"},
                {**items("event.build_completed", good), "identities": {"user": SENT, SENT: SENT}},
                SENT,
                [SENT],
            ],
        },
    )
    yield "/v1/telemetry", {"manifest": SENT, "items": []}
    yield "/v1/telemetry", {"manifest": f"sha256:{SENT}", "origin": SENT, "items": []}
    message = {
        "type": "track",
        "event": "Build Completed",
        "messageId": "m",
        "userId": CONTROL,
        "properties": {**good, **odd},
        "context": {"ip": CANARIES[1], "page": {"url": SENT}, "traits": odd, "library": odd, **odd},
        "integrations": odd,
        "_metadata": odd,
    }
    messages = [
        message,
        {**message, "event": SENT},
        {**message, "type": SENT},
        {**message, "context": {"app": {"version": f"1.0-{WORD}"}}},
        {**message, "properties": {"result": SENT}},
        {**message, "type": "identify", "traits": odd},
        {**message, "userId": SENT},
        {**message, "timestamp": SENT, "properties": SENT},
        SENT,
    ]
    yield "/v1/batch", {"writeKey": key, "batch": messages, "context": odd, "sentAt": SENT}
    for path in ("/v1/t", "/v1/i", "/v1/g/", "/v1/alias"):
        yield path, {**message, "writeKey": key}
    report = {
        "id": "c416c3ee-48cd-471c-9733-37c2886f8231",
        "productFamily": "PRODUCT_FAMILY_PSMDB",
        "instanceId": "6aef422e-56a7-4530-af9d-94cc02198343",
        "createTime": "2026-11-01T10:46:23Z",
        "metrics": [
            {"key": "deployment", "value": "PACKAGE"},
            {"key": "pillar_version", "value": "7.0"},
            {"key": "OS", "value": SENT},
            {"key": "hardware_arch", "value": SENT},
            {"key": SENT, "value": SENT},
        ],
        **odd,
    }
    wrong = [{"key": "deployment", "value": SENT}]
    for changes in (
        {}, {"id": SENT}, {"instanceId": SENT}, {"productFamily": SENT}, {"createTime": SENT},
        {"metrics": wrong}, {"metrics": SENT},
    ):  # fmt: skip
        yield "/v1/telemetry/GenericReport", {"reports": [{**report, **changes}], **odd}
    yield (
        "/v1/telemetry/GenericReport",
        {
            "reports": [
                {
                    **report,
                    "createTime": "2026-11-02T10:46:23Z",
                    "metrics": [
                        {"key": "deployment", "value": "PACKAGE"},
                        {"key": "pillar_version", "value": f"8.0-{WORD}"},
                        {"key": "OS", "value": "none"},
                        {"key": "hardware_arch", "value": "none"},
                    ],
                }
            ]
        },
    )
    check_in = {
        "product": "pe-master",
        "version": "1",
        "host-id": SENT,
        "site-id": SENT,
        **odd,
        "agent-os": {SENT: 1, f"{WORD} 8": 2},
        "self-service-analytics": {
            "events": [{"event": "a.b", "metadata": odd, **odd}, {"event": SENT}, SENT],
            "snapshots": {SENT: {"value": SENT}, "h": {"value": SENT, "timestamp": SENT}},
        },
    }
    yield "/", check_in
    yield "/", {**check_in, "product": SENT}
    yield "/", {**check_in, "version": f"2023.8-{WORD}", "agent-os": {f"{WORD} 8": 2}}
    yield "/check-for-updates", {"product": SENT, "version": SENT, **odd}
    event = {
        "event_type": "usage",
        "user_id": SENT,
        "device_id": SENT,
        "ip": CANARIES[1],
        "insert_id": SENT,
        "event_properties": odd,
        "user_properties": {"$set": odd, **odd},
        "groups": odd,
        **odd,
    }
    uploads = [
        event,
        {**event, "event_type": SENT},
        {**event, "time": SENT},
        {**event, "device_id": CONTROL, "app_version": f"3.1-{WORD}"},
        {**event, "event_properties": {"command": SENT, "status": SENT}},
        SENT,
    ]
    yield "/2/httpapi", {"api_key": "TESTKEY", "events": uploads, "options": odd, **odd}
    yield "/batch", {"api_key": SENT, "events": uploads}
    trial = {"type": "security-trial", "correlator": SENT, "payload": odd, **odd}
    yield "/events", trial
    yield "/events", {**trial, "type": SENT}
    yield "/events", {**trial, "payload": {"length": SENT}}


@pytest.fixture
def written(tmp_path, monkeypatch) -> Path:
    """The data directory, log included, of a server that was sent all of this and stopped."""

    monkeypatch.setenv("GLASSHOUSE_TRUSTED_PROXIES", "127.0.0.1")  # so that headers are read
    data = tmp_path / "data"
    data.mkdir()
    catalogue = Catalogue(data / "catalogue")
    shop = catalogue.add((HERE / "shop.toml").read_bytes())
    for manifest in (*(HERE / "manifests").glob("*.toml"), PSMDB):
        catalogue.add(composed_source(manifest))
    with ServerProcess(data, f"127.0.0.1:{free_port()}") as server:
        server.wait_until_ready()
        with httpx.Client(base_url=server.url, headers=HEADERS, timeout=60) as client:
            for origin in (Origin.PRODUCTION, Origin.DEVELOPMENT):
                send_everything(client, shop.key_for(origin))
            token = json.loads((data / "server.json").read_text())["token"]
            bearer = {"authorization": f"Bearer {token}"}
            live = client.get("/api/v1/live?product=shop", headers=bearer).json()
            assert "undeclared" in str(live)
            kinds = client.get("/api/v1/quarantine?product=shop", headers=bearer)
            assert len(kinds.json()["kinds"]) > 5
            assert not any(canary in kinds.text for canary in CANARIES)
            books = client.get("/health/accounting").json()
            assert books["difference"] == 0
            assert books["products"]["shop"]["native"]["received"] >= 30
    return data


def send_everything(client: httpx.Client, key: str) -> None:
    bearer = {"authorization": f"Bearer {key}"}
    for path, body in bodies(key):
        sent = json.dumps(body).encode()
        status = client.post(path, content=sent, headers=bearer).status_code
        assert status < 500, path
        client.post(path, content=sent[:-9], headers=bearer)
        client.post(
            path, content=gzip.compress(sent), headers={**bearer, "content-encoding": "gzip"}
        )
        data = base64.urlsafe_b64encode(sent).decode()
        client.get("/beacon.gif", params={"key": key, "data": data})
        client.get(f"/usage-stats.js?{data}")
    for method, path in DOOR_BY_ROUTE:
        for headers in (
            {"authorization": f"Bearer {SENT}"},
            {"authorization": f"Basic {base64.b64encode(SENT.encode()).decode()}"},
            {"content-encoding": CANARIES[5]},
            {"content-encoding": "gzip"},
            {"x-forwarded-for": CANARIES[6]},
            {"glasshouse-proof": SENT, **bearer},
            {"glasshouse-origin": SENT, **bearer},
            {"dnt": "1"},
        ):
            answer = client.request(method, f"{path}?q={urllib.parse.quote(SENT)}", content=SENT,
                                    headers=headers)  # fmt: skip
            assert answer.status_code < 500
    for path in (f"/{urllib.parse.quote(SENT)}", f"/v1/telemetry/{CANARIES[5]}", "/v1/batch"):
        client.request("PROPFIND", path, content=SENT)
        client.get(path)
    host, port = client.base_url.host, client.base_url.port
    for line in (SENT, f"POST /{SENT} HTTP/9", f"GET / HTTP/1.1\r\n{SENT}"):
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.sendall(f"{line}\r\n\r\n".encode())
            connection.recv(1000)


def test_no_canary_is_in_anything_that_the_server_wrote(written):
    everything = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    assert (written / "server.log") in everything
    found = [
        (str(path.relative_to(written)), canary, form)
        for path, held in everything.items()
        for canary in (*CANARIES, WORD)
        for form in forms(canary)
        if form in held
    ]
    assert found == []
    packed = ipaddress.ip_address(CANARIES[2]).packed
    assert not any(packed in held for held in everything.values())
    rows = stored_text(written)
    # The search finds what is there: an id that is declared.
    assert CONTROL in rows
    assert [canary for canary in (*CANARIES, WORD) if canary in rows] == []
    # The items themselves were taken, with what is harmless of them.
    assert "2.4-other" in rows
    assert "8.0-other" in rows


def stored_text(data: Path) -> str:
    """Every value of every table: compression would hide some from a search of bytes."""
    (path,) = (data / "store").glob("*.duckdb")
    with duckdb.connect(os.fspath(path), read_only=True) as store:
        tables = store.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        assert len(tables) > 5
        return "\n".join(
            repr(store.execute(f'select * from "{schema}"."{table}"').fetchall())
            for schema, table in tables
        )
