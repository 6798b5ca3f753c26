"""The client against the real server, in every wire format that a manifest can name.

One `glasshouse serve`, one manifest a wire, and a product that is a process: what it recorded, what
was previewed, what left, what is stored, and how it ends.
"""

import hashlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from bench.server import Server, running

WIRES = ("native", "segment", "percona", "dujour", "amplitude")
MANIFEST = """
[product]
slug = "{wire}-shop"
name = "Shop"
vendor = "Example"
since = "1.0"
send = "agent"
wire = "{wire}"
contact = "privacy@example.com"
[purpose.use]
text = "See what is used."
[identity.instance]
made = "random"
lives = "until the state directory is removed"
[identity.account]
made = "assigned"
lives = "as long as the account"
[[switch]]
kind = "environment"
name = "SHOP_TELEMETRY"
off = "0"
[snapshot.host]
purpose = "use"
[snapshot.host.fields]
cores = {{ type = "integer", why = "w" }}
plugins = {{ type = "map", why = "w" }}
runtime = {{ type = "version", why = "w" }}
[snapshot.disk]
purpose = "use"
[snapshot.disk.fields]
cores = {{ type = "integer", why = "named as in the other snapshot" }}
[event.build]
purpose = "use"
identities = ["instance", "account"]
[event.build.fields]
job = {{ type = "enum", values = ["run", "test"], why = "w" }}
seconds = {{ type = "duration", why = "w" }}
dry = {{ type = "boolean", why = "w" }}
stages = {{ type = "list", of = "integer", why = "w" }}
{door}
"""
DOORS = {
    "native": "",
    "segment": '[doors.segment]\nitems = { "Build Done" = "event.build" }\n'
    'fields = { jobName = "job" }\nidentities = { accountId = "account" }',
    "percona": '[doors.percona]\nkey = "PRODUCT_FAMILY_SHOP"\n'
    'items = { report = "snapshot.host" }\nfields = { pillar_version = "runtime" }',
    "dujour": '[doors.dujour]\nkey = "shop"\nitems = { "shop.built" = "event.build" }\n'
    'fields = { jobName = "job" }\nidentities = { account_uuid = "account" }',
    "amplitude": '[doors.amplitude]\nitems = { "Build Done" = "event.build" }\n'
    'fields = { jobName = "job" }\nidentities = { accountId = "account" }',
}
BUILD = "telemetry.record('build', job='run', seconds=1.5, dry=True, stages=[1, 2])\n"
HOST = "telemetry.record('host', cores=4, plugins={'a': 2}, runtime='3.11')\n"
DISK = "telemetry.record('disk', cores=9)\n"


class Shop:
    """A product of one wire: its program, its owner's commands, and what the server has of it."""

    def __init__(self, server: Server, wire: str, directory: Path) -> None:
        self.server, self.wire, self.slug = server, wire, f"{wire}-shop"
        self.state = directory / "state"
        source = MANIFEST.format(wire=wire, door=DOORS[wire]).encode()
        self.url = "http://{}:{}".format(*server.address)
        self.key = self.ask("/api/v1/products", source)["write_keys"][0]["key"]
        self.manifest = directory / "shop.toml"
        self.manifest.write_bytes(source)

    def ask(self, path, body=None, method=None):
        headers = {"Authorization": f"Bearer {self.server.token}"}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def change(self, **settings):
        self.ask(f"/api/v1/products/{self.slug}", json.dumps(settings).encode(), "PATCH")

    def environment(self):
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.state.parent)}

    def run(self, code, state=None, **options):
        """A process of the product."""
        options = {"version": "1.4.0", "identities": {"account": "account-7"}, **options}
        head = (
            "from glasshouse_sdk import Telemetry\n"
            f"telemetry = Telemetry({str(self.manifest)!r}, key={self.key!r},"
            f" endpoint={self.url!r}, state={str(state or self.state)!r}, **{options!r})\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", head + code],
            capture_output=True,
            timeout=120,
            env=self.environment(),
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    def sdk(self, *words, code=0, state=None):
        """A command of its owner."""
        done = subprocess.run(
            [sys.executable, "-m", "glasshouse_sdk", "--manifest", str(self.manifest), "--state",
             str(state or self.state), "--endpoint", self.url, "--key", self.key, *words],
            capture_output=True, text=True, timeout=120, env=self.environment(),
        )  # fmt: skip
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout or done.stderr

    def history(self):
        return json.loads(self.sdk("history", "--json"))

    def account(self):
        """What became of everything, once nothing waits."""
        give_up = time.monotonic() + 60
        while True:
            books = self.server.get("/health/accounting")
            assert books["difference"] == 0
            door = books["products"].get(self.slug, {}).get(self.wire)
            if door is not None and not door["waiting"]:
                return door
            assert time.monotonic() < give_up, books
            time.sleep(0.05)

    def stored(self, view="event_build"):
        self.account()
        return self.server.sql(f'select * from "{self.slug}".{view} order by instance, "at"')


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def shop(server, tmp_path, request):
    return Shop(server, request.param, tmp_path)


every_wire = pytest.mark.parametrize("shop", WIRES, indirect=True)


def carried(wire):
    return HOST if wire == "percona" else BUILD


@every_wire
def test_what_was_recorded_is_previewed_leaves_and_is_stored(shop):
    shop.run(BUILD + HOST + DISK)
    preview = json.loads(shop.sdk("preview", "--json"))
    body = shop.sdk("preview", "--body")
    assert body == preview["body"]
    lost = 2 if shop.wire == "percona" else 0  # a report says of no item which one it is
    shop.sdk("send")
    assert json.loads(shop.sdk("status", "--json"))["counts"] == (
        {"not_carried": 2} if lost else {}
    )
    history = shop.history()
    assert history[0]["body"] == body
    assert {a["verdict"] for e in history for a in e["attempts"]} == {"acknowledged"}
    if shop.wire == "native":
        (receipts,) = (a["receipts"] for e in history for a in e["attempts"])
        assert [receipt["outcome"] for receipt in receipts] == ["accepted"] * 3
    account = shop.account()
    assert (account["stored"], account["rejected"]) == (3 - lost, {})
    assert account["dropped_fields"] == 0
    instance = (shop.state / "instance").read_text().strip()
    (host,) = shop.stored("snapshot_host")
    assert host["instance"] == instance
    fields = {"cores": 4, "plugins": {"a": 2}, "runtime": "3.11"}
    assert {name: host["fields"][name] for name in fields} == fields
    if not lost:
        (build,) = shop.stored()
        fields = {"job": "run", "seconds": 1.5, "dry": True, "stages": [1, 2]}
        assert {name: build["fields"][name] for name in fields} == fields
        assert (build["version"], build["instance"]) == ("1.4.0", instance)
        assert build["account"] == "account-7"
        (disk,) = shop.stored("snapshot_disk")
        assert disk["fields"]["cores"] == 9


@every_wire
def test_runs_of_tests_and_builds_are_counted_apart(shop):
    shop.run(carried(shop.wire), origin="ci")
    shop.sdk("send")
    assert shop.account()["stored"] >= 1
    view = "snapshot_host" if shop.wire == "percona" else "event_build"
    origins = [row["origin"] for row in shop.stored(view)]
    assert origins[-1] == "ci" or "ci" in origins


@every_wire
def test_an_export_is_carried_and_delivered_twice_and_counted_once(shop, tmp_path):
    view = "snapshot_host" if shop.wire == "percona" else "event_build"
    before = len(shop.stored(view)) if shop.server.get("/health/accounting")["products"].get(
        shop.slug
    ) else 0  # fmt: skip
    shop.run(carried(shop.wire) * 30 + (HOST if shop.wire == "dujour" else ""))
    file = tmp_path / "export.json"
    shop.sdk("export", str(file))
    elsewhere = tmp_path / "elsewhere"
    for _ in range(2):
        results = json.loads(shop.sdk("deliver", str(file), "--json", state=elsewhere))
        assert {one["verdict"] for one in results} == {"acknowledged"}
    assert not elsewhere.exists() or not list(elsewhere.iterdir())
    # Percona knows a report by its second.
    stored = len(shop.stored(view)) - before
    assert stored == 30 or (shop.wire == "percona" and 1 <= stored <= 30)
    assert shop.account()["duplicate"] >= 30


@every_wire
def test_a_shorter_list_narrows_and_is_lifted_again(shop):
    shop.change(allow=["event.build.job", "snapshot.host.cores"])
    try:
        shop.run(BUILD + HOST)
        shop.sdk("send", code=1 if shop.wire == "percona" else 0)
        shop.run(BUILD + HOST + DISK)
        preview = json.loads(shop.sdk("preview", "--json"))["body"]
        if shop.wire in ("native", "dujour"):  # the answers of these carry a list
            assert "run" in preview
            assert shop.wire == "dujour" or "1.5" not in preview  # its list knows whole events only
            assert 'cores"' in preview
            assert ":9" not in preview, "of the other snapshot nothing is wanted"
            assert "plugins" not in preview
        shop.sdk("send")
        instance = (shop.state / "instance").read_text().strip()
        rows = [r for r in shop.stored("snapshot_host") if r["instance"] == instance]
        assert rows
        assert {(r["fields"]["cores"], str(r["fields"].get("plugins"))) for r in rows} == {
            (4, "None")
        }
    finally:
        shop.change(allow=None)
    shop.run(carried(shop.wire))
    shop.sdk("send")  # its answer lifts the list
    shop.run(HOST)
    assert "plugins" in json.loads(shop.sdk("preview", "--json"))["body"]


@every_wire
def test_the_end_of_a_collection_is_heard(shop):
    shop.change(ended=True)
    try:
        shop.run(carried(shop.wire))
        shop.sdk("send", code=1)
        assert sorted(os.listdir(shop.state)) == ["ended.json"]
        assert "ended this collection" in shop.sdk("why", code=1)
        shop.run(carried(shop.wire) + "assert telemetry.consent == 'off'")
        assert sorted(os.listdir(shop.state)) == ["ended.json"]
    finally:
        shop.change(ended=False)


@every_wire
def test_forget_erases_what_is_proven_and_tells_what_is_not(shop):
    shop.run(carried(shop.wire) * 3)
    shop.sdk("send")
    instance = (shop.state / "instance").read_text().strip()
    view = "snapshot_host" if shop.wire == "percona" else "event_build"
    assert instance in {row["instance"] for row in shop.stored(view)}
    shop.run(carried(shop.wire))
    if shop.wire != "native":
        said = shop.sdk("forget", code=1)
        assert f"instance {instance}: it left without a proof" in said
        assert sorted(os.listdir(shop.state)) == ["answer.json", "forget.json"]
        return
    assert "noted by" in shop.sdk("forget")
    (entry,) = shop.history()
    assert entry["attempts"][0]["receipts"][0]["state"] == "pending"
    give_up = time.monotonic() + 60
    while "erased on" not in (said := shop.sdk("forget")):
        assert time.monotonic() < give_up, said
        time.sleep(1)
    assert instance not in {row["instance"] for row in shop.stored(view)}
    found = [p for p in shop.server.data.rglob("*") if p.is_file()]
    assert not [p for p in found if instance.encode() in p.read_bytes()]


@pytest.mark.parametrize("shop", ["native"], indirect=True)
def test_nobody_else_writes_or_erases_with_the_id_alone(shop, tmp_path):
    shop.run(BUILD)
    shop.sdk("send")
    thief = tmp_path / "thief"
    shop.run(BUILD, state=thief, instance=(shop.state / "instance").read_text().strip())
    shop.sdk("send", code=1, state=thief)
    assert shop.account()["rejected"]["bad_proof"] == 1
    assert "the collector knows no such proof" in shop.sdk("forget", code=1, state=thief)
    assert len(shop.stored()) >= 1


def test_the_key_to_forget_is_not_the_proof():
    from glasshouse_sdk.sender.proving import key_to_forget, proof

    secret = secrets.token_hex(32)
    key = key_to_forget(secret, "shop")
    assert (
        proof(secret, "shop") == hashlib.sha256(f"glasshouse-proof/2\0{key}".encode()).hexdigest()
    )
    assert key != proof(secret, "shop") != proof(secret, "other")
