"""CloudBees CI against the real collector. Test names begin with the statements they show."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from bench.server import free_port

from glasshouse.cli.manifest import composed_source
from glasshouse_sdk.manifest import disclosure, read_manifest

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("cloudbees")
HOME = Path(__file__).parents[1]
MANIFEST = HOME / "manifest.toml"
CLOSED = "http://127.0.0.1:9"
PROPERTY = "-Dcom.cloudbees.analytics.gatherer.Sender.disabled=true"
LABEL = "Help make {} better by sending telemetry and metrics to evaluate patterns of usage"
UNTIL = "2026-11-22T07:00:00Z"


class Vendor:
    """A running collector that knows CloudBees CI."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        added = server.call("POST", "/api/v1/products", content=composed_source(MANIFEST))
        self.key = {key["origin"]: key["key"] for key in added["write_keys"]}["production"]

    def received(self):
        books = self.server.call("GET", "/health/accounting")["products"]
        return books.get("cloudbees-ci", {}).get("segment", {}).get("received", 0)

    def rows(self, organization, least):
        sql = f"""select event, instance, version, organization, fields from (
            {" union all ".join(select(item) for item in ITEMS)}
            ) where organization = '{organization}'"""
        end = time.monotonic() + 40
        while time.monotonic() < end:
            rows = self.server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
            if len(rows) >= least:
                return [{**row, "fields": json.loads(row["fields"])} for row in rows]
            time.sleep(0.2)
        raise AssertionError(f"{len(rows)} of {least} rows after 40 s")


ITEMS = [path.partition(".")[2] for path in read_manifest(MANIFEST).items]


def select(item):
    return f"""select '{item}' as event, instance, version, organization,
        to_json(fields)::varchar as fields from "cloudbees-ci".event_{item}"""


@pytest.fixture(scope="module")
def vendor(shared_server):
    return Vendor(shared_server)


def arguments(command, home, url=CLOSED, *more):
    return [
        sys.executable, HOME / "controller.py", command, "--key", "WK", "--home", home,
        "--endpoint", url, *more,
    ]  # fmt: skip


def environment(**more):
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **more}


def controller(command, home, url=CLOSED, *more, **variables):
    return subprocess.run(
        arguments(command, home, url, *more),
        env=environment(**variables), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def ran(home, vendor, organization, *more, **variables):
    done = controller(
        "run", home, vendor.url, "--key", vendor.key, "--organization", organization, *more,
        **variables,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["sent"]


@pytest.fixture
def pages(tmp_path):
    """Starts the System page of a controller; gives a client for it."""
    started, clients = [], []

    def start(home, *more):
        port = free_port()
        process = subprocess.Popen(
            arguments("serve", home, CLOSED, "--port", str(port), *more),
            env=environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        process.stdout.readline()
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", follow_redirects=True, trust_env=False
        )
        clients.append(client)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                client.get("/manage")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        return client

    yield start
    for client in clients:
        client.close()
    for process in started:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_cb24_the_disclosure_page_is_the_one_made_from_the_manifest():
    page = disclosure(read_manifest(MANIFEST))
    assert page == (HOME / "DISCLOSURE.md").read_text()
    assert "| Field | Type | Anonymized |" in page


def test_cb06_to_cb11_cb23_cb25_to_cb29_what_a_controller_sends_is_in_the_store(vendor, tmp_path):
    home = tmp_path / "one"
    assert ran(home, vendor, "org-1", "--plugin", "pipeline", "--plugin", "rbac") == "acknowledged"
    jobs = sum(1 for path in HOME.parent.iterdir() if path.is_dir() and any(path.glob("*.py")))
    rows = vendor.rows("org-1", 4 + jobs)
    assert Counter(row["event"] for row in rows) == {
        "instance_check_in": 1, "build_completed": jobs, "job_runs": 1,
        "pipeline_steps": 1, "rbac_use": 1,
    }  # fmt: skip
    instance = (home / "instance-id").read_text()
    assert len({row["instance"] for row in rows}) == 1
    for row in rows:
        assert re.fullmatch("[0-9a-f]{32}", row["instance"])
        assert row["fields"]["product_name"] == "CloudBees CI"
        assert row["fields"]["product_version"] == row["version"] == "2.492.2.3"
    assert next(r for r in rows if r["event"] == "job_runs")["fields"]["runs"] == jobs
    text = json.dumps(rows)
    for name in (instance, "percona", "compile", "http", socket.gethostname()):
        assert name not in text


def test_cb12_to_cb15_cb21_no_item_has_a_person_or_a_permission_in_it():
    manifest = read_manifest(MANIFEST)
    for item in manifest.items.values():
        assert set(item.identities) == {"instance", "organization"}
        for field in item.fields.values():
            assert field.type != "text" or field.anonymise == "keyed-hash"
            assert not re.search("user_|permission|role|access|url|host", field.name)
    assert list(manifest.items["event.rbac_use"].fields) == [
        "product_name", "product_version", "in_use",
    ]  # fmt: skip


def test_cb29_cb30_cb33_the_list_is_made_from_the_installed_plugins(pages, tmp_path):
    home = tmp_path / "home"
    client = pages(home, "--plugin", "pipeline")
    listed = client.get("/manage/analytics").text
    assert "event.pipeline_steps" in listed
    assert "event.rbac_use" not in listed
    assert re.search("<td>job<td>[^<]*<td>Yes", listed)
    assert re.search("<td>product_name<td>[^<]*<td>No", listed)
    with (home / "plugins.txt").open("a") as file:
        file.write("rbac\n")
    assert "event.rbac_use" in client.get("/manage/analytics").text
    declared = read_manifest(MANIFEST).items
    for path in re.findall("<h2>(event[^<]*)</h2>", client.get("/manage/analytics").text):
        assert path in declared


@pytest.mark.parametrize("product", ["CloudBees CI", "CloudBees CI Operations Center"])
def test_cb31_to_cb33_cb36_the_way_to_the_list(pages, tmp_path, product):
    client = pages(tmp_path / "home", "--product", product)
    assert '<a href="/manage/configure">System</a>' in client.get("/manage").text
    page = client.get("/manage/configure").text
    assert "<h2>Usage Statistics</h2>" in page
    assert LABEL.format(product) in page
    assert '<summary aria-label="Help">?</summary>' in page
    assert LABEL.format("CloudBees") in " ".join(page.split())
    assert '<a href="/manage/analytics">see details</a>' in page


def test_cb05_cb34_cb35_the_toggle_turns_one_controller_off_and_on(vendor, pages, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    client = pages(one)
    assert "checked" in client.get("/manage/configure").text, "on by default"
    assert "checked" not in client.post("/manage/configure", data={}).text
    before = vendor.received()
    assert ran(one, vendor, "org-toggle") == "off"
    assert vendor.received() == before
    assert ran(two, vendor, "org-toggle") == "acknowledged"
    assert vendor.received() > before
    assert "checked" in client.post("/manage/configure", data={"sends": "on"}).text
    assert ran(one, vendor, "org-toggle") == "acknowledged"


def test_cb35_turned_off_nothing_is_left_but_the_refusal(pages, tmp_path):
    home = tmp_path / "home"
    controller("run", home)
    client = pages(home)
    client.post("/manage/configure", data={})
    files = [path.name for path in (home / "analytics").rglob("*") if path.is_file()]
    assert files == ["answer.json"]
    assert not (home / "hash-key").exists()


@pytest.mark.parametrize("how", [{"more": (PROPERTY,)}, {"DO_NOT_TRACK": "yes"}])
def test_cb37_the_property_in_the_launch_script_stops_it(vendor, tmp_path, how):
    before = vendor.received()
    variables = {name: value for name, value in how.items() if name != "more"}
    home = tmp_path / "home"
    assert ran(home, vendor, "org-off", *how.get("more", ()), **variables) == "off"
    assert vendor.received() == before
    assert not home.exists()


def test_cb38_cb39_check_connection_says_that_the_collector_answers(vendor, tmp_path):
    ran(tmp_path / "home", vendor, "org-check")
    done = controller("check-connection", tmp_path / "home", vendor.url)
    assert done.returncode == 0, done.stdout
    assert "NOT" not in done.stdout


def test_cb40_nc_of_the_document_answers(vendor):
    if shutil.which("nc") is None:
        pytest.skip("nc is not installed")
    address = urlsplit(vendor.url)
    done = subprocess.run(
        ["nc", "-zv", address.hostname, str(address.port)], capture_output=True, text=True
    )
    assert "succeeded" in done.stderr or "open" in done.stderr


def test_cb41_curl_of_the_document_answers(vendor):
    done = subprocess.run(
        f"curl -v {vendor.url}/ 2>&1 | grep 'Connected to 127.0.0.1'",
        shell=True, env=environment(no_proxy="*"), capture_output=True, text=True,
    )  # fmt: skip
    port = urlsplit(vendor.url).port
    assert re.search(rf"^\* Connected to 127.0.0.1 \(.*\) port {port}", done.stdout)


def test_cb42_where_nothing_answers_the_administrator_is_sent_to_the_network_team(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)  # takes the connection and says nothing
        held = []
        threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
        started = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = controller("check-connection", tmp_path / "home", url)
        assert time.monotonic() - started < 60
        for connection, _ in held:
            connection.close()
    assert done.returncode == 1
    assert "check with your IT/networking team" in done.stdout


def test_a_collector_that_is_not_there_is_told_in_one_line(tmp_path):
    done = controller("run", tmp_path / "home")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "check-connection" in done.stderr


def fleet(*more):
    command = [sys.executable, HOME / "fleet.py", "--print", "--until", UNTIL, *more]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in printed.stdout.splitlines()]


def test_the_fleet_is_the_same_for_the_same_seed_and_end():
    assert fleet("--days", "9") == fleet("--days", "9")
    assert fleet("--days", "9") != fleet("--days", "9", "--seed", "2")


def test_the_fleet_behaves_like_one():
    batches = fleet()
    sent = [message for batch in batches for message in batch["batch"]]
    assert 28_000 < len(sent) < 42_000
    repeats = len(sent) - len({message["messageId"] for message in sent})
    assert 60 < repeats < 250  # lost answers
    assert max(len(json.dumps(batch)) for batch in batches) < 500_000
    declared = set(read_manifest(MANIFEST).doors["segment"].items)
    assert 5 < sum(1 for message in sent if message["event"] not in declared) < 60
    builds = Counter(
        datetime.fromisoformat(message["timestamp"]).weekday() >= 5
        for message in sent
        if message["event"] == "Build Completed"
    )
    assert builds[True] / 2 < 0.5 * builds[False] / 5  # weekends dip
    days = {}
    for message in sent:
        day = message["timestamp"][:10]
        days.setdefault(day, Counter())[message["properties"]["productVersion"]] += 1
    first, last = days["2026-08-25"], days["2026-11-21"]
    assert first["2.492.1.3"] == 0
    assert last["2.492.1.3"] > 10
    assert last["2.462.3.3"] == 0


def test_one_controller_of_the_fleet_has_its_clock_ahead_and_says_so_when_it_sends():
    ahead = [batch for batch in fleet("--days", "9") if batch["sentAt"] > "2027"]
    assert ahead
    assert {m["timestamp"] > "2029" for batch in ahead for m in batch["batch"]} == {True}


def test_cb02_to_cb04_cb16_to_cb20_cb22_an_organization_and_its_unused_features(vendor, tmp_path):
    ran(tmp_path / "one", vendor, "org-with", "--plugin", "rbac")
    (tmp_path / "one" / "rbac.toml").write_text("[roles]\n")
    ran(tmp_path / "one", vendor, "org-with")
    ran(tmp_path / "two", vendor, "org-without", "--plugin", "rbac")
    vendor.rows("org-with", 4)
    vendor.rows("org-without", 4)
    asked = vendor.server.call(
        "GET",
        "/api/v1/ask/field_distribution?product=cloudbees-ci&field=event.rbac_use.in_use",
    )
    assert {"true", "false"} <= {str(row["value"]).lower() for row in asked["rows"]}
    sql = """select organization, max(fields.in_use) as uses from "cloudbees-ci".event_rbac_use
        where organization like 'org-with%' group by organization order by organization"""
    found = vendor.server.call("POST", "/api/v1/sql", json={"sql": sql})["rows"]
    assert found == [
        {"organization": "org-with", "uses": True},
        {"organization": "org-without", "uses": False},
    ]
