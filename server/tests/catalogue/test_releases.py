"""A product over its releases, with a running server: parts, renamed and ended fields, old clients.

Real clients of every release send to a real server, which is told of each newer manifest while it
runs. Nothing is stopped, nothing is lost, and a question sees one field.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest

from glasshouse.cli.server_process import ServerProcess
from glasshouse_sdk import Telemetry
from glasshouse_sdk.manifest import compile_manifest, read_manifest

WHOLE = """
[product]
slug = "controller"
name = "Controller"
vendor = "Example"
contact = "privacy@example.com"
send = "agent"
parts = ["*.part.toml"]
[purpose.use]
text = "See which features are used."
[identity.instance]
made = "random"
lives = "until it is removed"
[[switch]]
kind = "environment"
name = "CONTROLLER_TELEMETRY"
off = "0"
[event.job]
purpose = "use"
[event.job.fields]
flavour = { type = "enum", values = ["small", "large"], why = "w" }
project = { type = "text", anonymise = "keyed-hash", why = "w" }
steps = { type = "integer", why = "w" }
agent = { type = "version", why = "w" }
"""
PART = """
[part]
of = "controller"
name = "roles"
title = "Roles"
owner = "roles@example.com"
[snapshot.roles]
purpose = "use"
[snapshot.roles.fields]
used = { type = "boolean", why = "w" }
"""
# The second release: a field and one that is hashed have other names, one is over.
RENAMED = (
    ('flavour = { type = "enum"', 'edition = { type = "enum", was = "flavour"'),
    ("project = { ", 'workspace = { was = ["project"], '),
    ('steps = { type = "integer"', 'steps = { type = "integer", ended = "2.0"'),
)


class World:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.data.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.listen = f"127.0.0.1:{free.getsockname()[1]}"
        (home / "roles.part.toml").write_text(PART)
        self.key = ""

    def release(self, *changes: tuple[str, str]) -> dict:
        """Write and register a manifest; it, compiled."""
        text = WHOLE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = self.home / "controller.toml"
        path.write_text(text)
        self.key = self.command("product", "add", str(path)).splitlines()[-1]
        return compile_manifest(read_manifest(path))

    def command(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "glasshouse.cli.main", *words, "--data", str(self.data)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout or done.stderr

    def client(self, manifest: dict, version: str, name: str = "a", **more: object) -> Telemetry:
        return Telemetry(
            manifest, version=version, key=self.key, endpoint=f"http://{self.listen}",
            state=self.home / name, environment={}, strict=True, origin="production", **more,
        )  # fmt: skip

    def rows(self, sql: str) -> list[dict]:
        rows: list[dict] = json.loads(self.command("sql", sql, "--format", "json"))
        return rows

    def until_stored(self, items: int) -> dict:
        """The accounting, once so many items are in the store."""
        give_up = time.monotonic() + 60
        while True:
            books = httpx.get(f"http://{self.listen}/health/accounting").json()
            native = books["products"].get("controller", {}).get("native", {})
            if native.get("stored") == items and native["waiting"] == 0:
                assert books["difference"] == 0
                return native
            assert time.monotonic() < give_up, native
            time.sleep(0.05)

    def distribution(self, field: str) -> dict[str, int]:
        answer = self.rows(
            f'select fields."{field}" as value, count(*) as n from controller.event_job group by 1'
        )
        return {row["value"]: row["n"] for row in answer}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def running(world: World) -> Iterator[World]:
    with ServerProcess(world.data, world.listen) as server:
        server.wait_until_ready()
        yield world


def send(client: Telemetry, **fields: object) -> None:
    client.record("job", **fields)
    assert client.send(30) == "acknowledged"


def test_a_composed_manifest_is_registered_and_its_old_digests_hold(running: World) -> None:
    first = running.release()
    old = running.client(first, "1.0", parts=["roles"])
    old.record("roles", used=True)
    assert old.send(30) == "acknowledged"
    (running.home / "more.part.toml").write_text(
        PART.replace('"roles"', '"more"').replace("snapshot.roles", "snapshot.more")
    )
    second = running.release()
    assert second["digest"] != first["digest"]
    old.record("roles", used=False)
    assert old.send(30) == "acknowledged"
    new = running.client(second, "1.1", "b", parts=["more"])
    new.record("more", used=True)
    assert new.send(30) == "acknowledged"
    running.until_stored(3)
    assert len(running.rows("select * from snapshots where snapshot = 'more'")) == 1
    listed = json.loads(running.command("product", "list", "--json"))
    assert listed[0]["digest"] == second["digest"]


def test_a_composed_manifest_survives_a_restart(world: World) -> None:
    first = world.release()
    for number in range(2):
        with ServerProcess(world.data, world.listen) as server:
            server.wait_until_ready()
            send(world.client(first, "1.0"), flavour="small")
            world.until_stored(number + 1)


def test_a_renamed_field_is_one_field(running: World) -> None:
    first = running.release()
    old = running.client(first, "1.0")
    send(old, flavour="small", project="p", steps=1)
    running.until_stored(1)
    second = running.release(*RENAMED)
    # At once, and without a restart: what is there, what old clients send, what new ones send.
    assert running.distribution("edition") == {"small": 1}
    send(old, flavour="large", project="p")
    new = running.client(second, "2.0", "b")
    send(new, edition="large", workspace="p")
    running.until_stored(3)
    assert running.distribution("edition") == {"small": 1, "large": 2}
    rows = running.rows("select fields.workspace as w, instance from controller.event_job")
    assert len({row["w"] for row in rows}) == 2  # one for each client's own key, none is missing
    shown = running.rows("select fields from events")
    assert all("flavour" not in str(row) and "project" not in str(row) for row in shown)


def test_a_question_may_use_the_name_that_it_knew(running: World) -> None:
    first = running.release()
    send(running.client(first, "1.0"), flavour="small")
    running.until_stored(1)
    running.release(*RENAMED)
    for name in ("edition", "flavour", "event.job.flavour"):
        words = ("--product", "controller", "--where", f"field={name}", "--format", "csv")
        assert "small,1,1" in running.command("ask", "field_distribution", *words)


def test_a_rename_holds_over_a_restart_and_further_renames(world: World) -> None:
    with ServerProcess(world.data, world.listen) as server:
        server.wait_until_ready()
        first = world.release()
        send(world.client(first, "1.0"), flavour="small")
        world.until_stored(1)
    second = world.release(*RENAMED)  # while nobody runs
    again = [(old, new.replace('"flavour"', '["flavour", "edition"]')) for old, new in RENAMED]
    again[0] = (again[0][0], again[0][1].replace("edition = {", "variant = {"))
    with ServerProcess(world.data, world.listen) as server:
        server.wait_until_ready()
        send(world.client(first, "1.0"), flavour="small")
        send(world.client(second, "2.0", "b"), edition="large")
        third = world.release(*again)
        send(world.client(first, "1.0"), flavour="large")
        send(world.client(second, "2.0", "b"), edition="small")
        send(world.client(third, "3.0", "c"), variant="small")
        world.until_stored(6)
        assert world.distribution("variant") == {"small": 4, "large": 2}


def test_a_name_cannot_be_forgotten_or_given_away(world: World) -> None:
    world.release()
    world.release(*RENAMED)
    forgotten = world.home / "controller.toml"
    text = forgotten.read_text()
    forgotten.write_text(text.replace(', was = "flavour"', ""))
    assert "was = ['flavour', …]" in world.command("product", "add", str(forgotten), code=2)
    extra = 'flavour = { type = "integer", why = "w" }\nsteps = {'
    forgotten.write_text(text.replace(', was = "flavour"', "").replace("steps = {", extra))
    assert "no field 'flavour'" in world.command("product", "add", str(forgotten), code=2)
    forgotten.write_text(
        text.replace(
            '"enum", was = "flavour", values = ["small", "large"]', '"integer", was = "flavour"'
        )
    )
    assert "which was 'enum'" in world.command("product", "add", str(forgotten), code=2)


def test_what_has_ended_is_sent_by_no_new_client_and_taken_by_release(world: World) -> None:
    with ServerProcess(world.data, world.listen) as server:
        server.wait_until_ready()
        first = world.release()
        second = world.release(*RENAMED)
        send(world.client(first, "1.0"), flavour="small", steps=3)  # before 2.0: as it was
        late = world.client(first, "2.1", "b")  # an old manifest in a later release
        send(late, flavour="small", steps=4)
        new = world.client(second, "2.0", "c")
        new.record("job", edition="small", steps=5)
        assert "steps" not in new.waiting()[0]["fields"]
        assert new.send(30) == "acknowledged"
        assert world.until_stored(3)["received"] == 3
        rows = world.rows("select fields.steps as steps from controller.event_job order by 1")
        assert [row["steps"] for row in rows] == [3, None, None]
    (path,) = (world.data / "store").glob("*.duckdb")
    with duckdb.connect(str(path), read_only=True) as store:
        counted = store.execute(
            "select item, field, outcome, reason, items from store.refusals"
        ).fetchall()
    assert counted == [("event.job", "steps", "accepted", "ended", 1)]


def test_an_item_that_has_ended_is_refused_with_its_reason(running: World) -> None:
    first = running.release()
    running.release(("[event.job]", '[event.job]\nended = "2020-01-01"'))
    client = running.client(first, "1.0")
    client.record("job", flavour="small")
    assert client.send(30) == "given-up"
    books = httpx.get(f"http://{running.listen}/health/accounting").json()
    assert books["products"]["controller"]["native"]["rejected"] == {"ended": 1}
    assert books["difference"] == 0


def test_a_foreign_client_may_keep_the_old_name(running: World) -> None:
    running.release(*RENAMED, ("[event.job]", '[doors.segment]\nkey = "c"\n[event.job]'))
    for number, name in enumerate(("flavour", "Flavour", "edition")):
        message = {
            "type": "track", "event": "job", "messageId": f"m{number}", "anonymousId": "i",
            "properties": {name: "small"}, "timestamp": "2026-11-22T07:00:00Z",
        }  # fmt: skip
        body = {"batch": [message], "sentAt": "2026-11-22T07:00:00Z", "writeKey": running.key}
        assert httpx.post(f"http://{running.listen}/v1/batch", json=body).status_code == 200
    rows = []
    give_up = time.monotonic() + 60
    while len(rows) < 3 and time.monotonic() < give_up:
        rows = running.rows("select fields.edition as e from controller.event_job")
        time.sleep(0.1)
    assert [row["e"] for row in rows] == ["small"] * 3
