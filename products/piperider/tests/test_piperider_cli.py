"""PipeRider CLI as a process. Test names begin with the statements of the checklist they show."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import yaml

from glasshouse_sdk.manifest import disclosure, read_manifest

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("piperider")
HOME = Path(__file__).parents[1]
PROGRAM = HOME / "piperider_cli"
MANIFEST = HOME / "manifest.toml"
CLOSED = "http://127.0.0.1:9"


class Person:
    """A home directory and what its owner does."""

    def __init__(self, home, endpoint=CLOSED, key="WK", **environment):
        self.home, self.endpoint, self.key = home, endpoint, key
        self.environment = {"PATH": os.defpath, "HOME": str(home), **environment}

    def project(self, name="shop", rows=40):
        directory = self.home / name
        directory.mkdir(parents=True)
        with duckdb.connect(str(directory / "shop.duckdb")) as source:
            source.execute(
                f"create table orders as select i as id, i / 4 as amount from range({rows}) t(i)"
            )
            source.execute("create table secret_people as select 'Ann' as first_name")
        self.run(directory, "init", "--source", "shop.duckdb")
        return directory

    def run(self, directory, *words, code=0, version="0.20.0"):
        command = [
            sys.executable, PROGRAM, "--directory", directory, "--endpoint", self.endpoint,
            "--key", self.key, "--version-sent", version, *words,
        ]  # fmt: skip
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, done.stderr
        return done

    def sdk(self, directory, *words):
        command = [
            sys.executable, "-m", "glasshouse_sdk", "--manifest", MANIFEST, "--state",
            self.home / ".piperider" / "telemetry", "--project", directory, *words,
        ]  # fmt: skip
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60
        ).stdout

    def preview(self, directory):
        """All events that wait, one request after the other shown and discarded."""
        return json.loads(self.sdk(directory, "preview", "--body"))["events"]

    @property
    def profile(self):
        return self.home / ".piperider" / "profile.yml"


def config(directory):
    return yaml.safe_load((directory / ".piperider" / "config.yml").read_text())


@pytest.fixture
def person(tmp_path):
    return Person(tmp_path / "home")


@pytest.fixture(scope="module")
def vendor(shared_server):
    """A running collector that knows PipeRider, and its write key."""
    added = shared_server.add_product(MANIFEST.read_bytes())
    keys = {key["origin"]: key["key"] for key in added["write_keys"]}
    return shared_server, keys["production"]


def rows_of(server, user, least):
    """The stored events of a user, oldest first."""
    sql = f"""select event, instance, version, origin, fields from events
        where product = 'piperider' and instance = '{user}' order by "at" """
    end = time.monotonic() + 40
    while time.monotonic() < end:
        rows = server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
        if len(rows) >= least:
            return [{**row, "fields": json.loads(row["fields"])} for row in rows]
        time.sleep(0.2)
    raise AssertionError(
        f"{len(rows)} of {least} rows after 40 s: {server.call('GET', '/health/accounting')}"
    )


def test_pr47_the_disclosure_page_is_the_one_made_from_the_manifest():
    page = (HOME / "DISCLOSURE.md").read_text()
    assert page == disclosure(read_manifest(MANIFEST))
    assert "| Field | Type | Anonymized |" in page
    assert "privacy-policy" in page
    assert "terms-of-use" in page


def test_pr04_pr05_the_first_run_writes_the_profile_and_later_ones_keep_it(person):
    person.project()
    text = person.profile.read_text()
    assert re.fullmatch(r"user_id: [0-9a-f]{32}\nanonymous_tracking: true\n", text)
    person.project("second")
    assert person.profile.read_text() == text


def test_pr07_pr10_init_gives_each_project_an_id_of_its_own_in_its_config(person):
    one, two = person.project("one"), person.project("two")
    ids = {config(each)["telemetry"]["id"] for each in (one, two)}
    assert len(ids) == 2
    text = (one / ".piperider" / "config.yml").read_text()
    assert re.search(r"^telemetry:\n  id: [0-9a-f-]{36}$", text, re.MULTILINE)


def test_pr03_pr08_pr11_pr15_to_pr29_a_session_is_in_the_store(vendor, tmp_path):
    server, key = vendor
    person = Person(tmp_path / "home", server.url, key)
    shop = person.project()
    person.run(shop, "generate-assertions")
    with (shop / ".piperider" / "assertions.yml").open("a") as file:
        file.write("- custom: none is dear\n  sql: select * from orders where amount > 9\n")
    person.run(shop, "run", version="0.21.0", code=1)
    person.run(shop, "generate-report", version="0.21.0")
    person.sdk(shop, "send")
    user = yaml.safe_load(person.profile.read_text())["user_id"]
    rows = rows_of(server, user, 6)
    assert {row["instance"] for row in rows} == {user}
    commands = [row["fields"] for row in rows if row["event"] == "command"]
    assert [each["command"] for each in commands] == [
        "init", "generate-assertions", "run", "generate-report",
    ]  # fmt: skip
    run = commands[2]
    assert (run["tables"], run["columns"], run["rows"]) == (2, 3, 41)
    assert (run["data_source"], run["platform"], run["version"]) == ("duckdb", "linux", "0.21.0")
    assert run["python_version"] == ".".join(map(str, sys.version_info[:2]))
    assert re.fullmatch("[0-9a-f]{32}", run["device"])
    used = next(
        row["fields"] for row in rows
        if row["event"] == "assertions" and row["fields"]["command"] == "run"
    )  # fmt: skip
    assert used["custom"] == 1
    assert used["passed"] + used["failed"] == used["built_in"] + 1
    assert used["failed"] == 1
    sql = f"""select project, min_by(version, "at") initial, max_by(version, "at") now
        from piperider.event_command where instance = '{user}' group by project"""
    linked = server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
    identity = config(shop)["telemetry"]["id"]
    assert linked == [{"project": identity, "initial": "0.20.0", "now": "0.21.0"}]
    for name in ("secret_people", "orders", "first_name", "shop", "dear"):
        assert name not in json.dumps(rows)


def test_pr12_pr13_pr14_pr20_the_server_derives_what_the_client_does_not_send(vendor, tmp_path):
    server, key = vendor
    person = Person(tmp_path / "home", server.url, key)
    shop = person.project()
    person.run(shop, "run", version="0.21.0")
    person.sdk(shop, "send")
    user = yaml.safe_load(person.profile.read_text())["user_id"]
    rows_of(server, user, 3)
    sql = f"""select first_seen, last_seen, first_version, current_version, country, region
        from instances where instance = '{user}'"""
    (derived,) = server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
    assert derived["first_seen"] < derived["last_seen"]
    assert (derived["first_version"], derived["current_version"]) == ("0.20.0", "0.21.0")
    assert (derived["country"], derived["region"]) == (None, None)  # loopback is in no country


def test_pr01_the_use_of_commands_is_answered(vendor, tmp_path):
    server, key = vendor
    person = Person(tmp_path / "home", server.url, key)
    shop = person.project()
    person.run(shop, "run")
    person.sdk(shop, "send")
    rows_of(server, yaml.safe_load(person.profile.read_text())["user_id"], 3)
    address = "/api/v1/ask/field_distribution?product=piperider&field=event.command.command"
    asked = server.call("GET", address)
    assert {"init", "run"} <= {row["value"] for row in asked["rows"]}


def test_builds_of_a_project_count_as_one(vendor, tmp_path):
    server, key = vendor
    first = Person(tmp_path / "one", server.url, key, CI="true")
    shop = first.project()
    first.sdk(shop, "send")
    second = Person(tmp_path / "two", server.url, key, CI="true")
    second.run(shop, "run")
    second.sdk(shop, "send")
    rows = rows_of(server, config(shop)["telemetry"]["id"] + "_CI", 3)
    assert {row["origin"] for row in rows} == {"ci"}
    assert {row["fields"].get("device") for row in rows} == {None}


def test_pr06_an_opted_out_user_leaves_no_row(vendor, tmp_path):
    server, key = vendor
    person = Person(tmp_path / "home", server.url, key)
    person.profile.parent.mkdir(parents=True)
    person.profile.write_text("user_id: refused-1\nanonymous_tracking: false\n")
    before = received(server)
    shop = person.project()
    person.run(shop, "run")
    person.sdk(shop, "send")
    assert received(server) == before
    assert [path.name for path in person.profile.parent.iterdir()] == ["profile.yml"]


def test_pr09_a_removed_project_id_is_never_made_again_and_leaves_no_row(vendor, tmp_path):
    server, key = vendor
    person = Person(tmp_path / "home", server.url, key)
    quiet, loud = person.project("quiet"), person.project("loud")
    person.sdk(loud, "send")
    user = yaml.safe_load(person.profile.read_text())["user_id"]
    rows_of(server, user, 2)
    removed = {name: value for name, value in config(quiet).items() if name != "telemetry"}
    (quiet / ".piperider" / "config.yml").write_text(yaml.safe_dump(removed))
    for words in (("init", "--source", "shop.duckdb"), ("generate-assertions",), ("run",),
                  ("run",), ("generate-report",), ("compare",)):  # fmt: skip
        person.run(quiet, *words)
    assert config(quiet) == removed
    before = received(server)
    person.sdk(quiet, "send")
    person.run(loud, "run")
    person.sdk(loud, "send")
    rows_of(server, user, 4)
    assert received(server) == before + 2, "the loud project's run and its assertions, no more"


def received(server):
    books = server.call("GET", "/health/accounting")["products"]
    return books.get("piperider", {}).get("amplitude", {}).get("received", 0)


def test_a_report_holds_no_identity(person):
    shop = person.project()
    person.run(shop, "run")
    page = Path(person.run(shop, "generate-report").stdout.strip()).read_text()
    assert "orders: 40 rows" in page
    for identity in (yaml.safe_load(person.profile.read_text())["user_id"],
                     config(shop)["telemetry"]["id"], "WK"):  # fmt: skip
        assert identity not in page


def test_compare_says_what_changed(person):
    shop = person.project()
    person.run(shop, "run")
    with duckdb.connect(str(shop / "shop.duckdb")) as source:
        source.execute("insert into orders values (99, null)")
    person.run(shop, "run")
    assert "orders rows: 40 -> 41" in person.run(shop, "compare", code=1).stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run",), "expected a project"),
        (("init", "--source", "none.db"), "cannot read"),
        (("init", "--source", "notes.txt"), "of an unknown kind"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(person, words, expected):
    person.home.mkdir()
    (person.home / "notes.txt").write_text("hello")
    told = person.run(person.home, *words, code=2).stderr
    assert len(told.splitlines()) == 1
    assert expected in told


def test_custom_sql_reads_the_data_source_and_nothing_else(person):
    shop = person.project()
    outside = person.home / "outside.csv"
    outside.write_text("a\n1\n")
    (shop / ".piperider" / "assertions.yml").write_text(
        f"- custom: outside\n  sql: select * from read_csv('{outside}')\n"
    )
    assert "refused" in person.run(shop, "run", code=2).stderr
