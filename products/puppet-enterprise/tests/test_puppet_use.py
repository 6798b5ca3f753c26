"""What the data is for, asked of the simulated fleet in a real store; and the fleet itself."""

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest
from pe_vendor import CONSOLE, HOME, MANIFESTS, SERVER

from glasshouse_sdk.manifest import read_manifest

UNTIL = "2026-11-22T07:00:00Z"
FLEETS = {SERVER: HOME / "fleet.py", CONSOLE: HOME / "console" / "fleet.py"}
SIMULATED = {"origin": "simulated"}
# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("puppet_use")


def fleet(*more, program=FLEETS[SERVER]):
    command = [sys.executable, program, "--print", "--until", UNTIL, *more]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in printed.stdout.splitlines()]


@pytest.fixture(scope="module")
def filled(vendor):
    """Three weeks of the fleets in the store, through the doors without a key."""
    for program in FLEETS.values():
        subprocess.run(
            [sys.executable, program, "--endpoint", vendor.url, "--days", "21"],
            check=True, timeout=300, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    vendor.settle()
    return vendor


def test_everything_of_the_fleets_counts_as_simulated(filled):
    for product, table in ((SERVER, "snapshots"), (CONSOLE, "events")):
        sql = f"select distinct origin from {table} where product = '{product}'"
        assert filled.sql(sql) == [{"origin": "simulated"}]
    assert filled.books(SERVER, "dujour").get("rejected") == {}
    assert filled.books(CONSOLE, "browser").get("rejected") == {}


def test_pe30_the_organizations_that_a_security_issue_affects(filled):
    concerned = filled.ask("advisory_organizations", affected="<2016.5.2", **SIMULATED)
    licenses = {row["license"] for row in filled.sql(
        f"""select distinct license from "{SERVER}".snapshot_check_in
            where version in ('2016.4.2', '2016.5.1')""")}  # fmt: skip
    assert concerned
    assert {row["organization"] for row in concerned} <= licenses
    counted = filled.ask("advisory", affected="<2016.5.2", **SIMULATED)
    assert counted[-1]["organizations"] == len(concerned)


def test_pe33_how_the_console_is_used(filled):
    views = filled.ask("page_views", CONSOLE, **SIMULATED)
    assert {row["page"] for row in views} <= set(
        read_manifest(MANIFESTS[CONSOLE]).items["event.page_view"].fields["route"].values
    )
    slow = {row["page"]: row["median"] for row in filled.ask("load_times", CONSOLE, **SIMULATED)}
    assert slow["/nodes"] > slow["/"]
    clicks = filled.ask("field_distribution", CONSOLE, field="event.click.name", **SIMULATED)
    assert "run-puppet" in {row["value"] for row in clicks}


def test_pe34_how_many_nodes_organizations_manage(filled):
    sizes = filled.ask("deployment_sizes", field="nodes", **SIMULATED)
    assert sum(row["organizations"] for row in sizes) > 6
    assert sum(row["total"] for row in sizes) > 1000


def test_pe35_which_operating_systems_are_most_and_least_used(filled):
    systems = filled.ask("field_distribution", field="agent_os", **SIMULATED)
    counts = [row["instances"] for row in systems]
    assert counts == sorted(counts, reverse=True)
    assert len({row["value"] for row in systems} & {"RedHat", "CentOS", "windows"}) == 3


def test_pe36_one_organization_beside_others_of_its_size(filled):
    sql = f'select license, count(*) as n from "{SERVER}".snapshot_check_in group by all'
    license_uuid = max(filled.sql(sql), key=lambda row: row["n"])["license"]
    rows = filled.ask("peers", organization=license_uuid, **SIMULATED)
    assert {row["measure"] for row in rows} >= {"instances", "days", "on_newest"}
    assert next(row["value"] for row in rows if row["measure"] == "instances") >= 1


def test_the_fleet_is_the_same_for_the_same_seed_and_end():
    assert fleet("--days", "9") == fleet("--days", "9")
    assert fleet("--days", "9") != fleet("--days", "9", "--seed", "2")


def test_the_fleet_behaves_like_one():
    sent = fleet()
    counts = Counter("host-id" in each for each in sent)
    assert counts[False] > 20, "those that opted out, and left the check for updates on"
    assert all(set(each) == {"product", "version"} for each in sent if "host-id" not in each)
    check_ins = [each for each in sent if "host-id" in each]
    texts = Counter(json.dumps(each) for each in check_ins)
    assert 3 < sum(count - 1 for count in texts.values()) < 60, "lost answers"
    by_day = {}
    for each in check_ins:
        moment = each["self-service-analytics"]["snapshots"]["nodes"]["timestamp"]
        by_day.setdefault(moment[:10], Counter())[each["version"]] += 1
    assert by_day["2026-08-26"]["2017.1.0"] == 0
    assert by_day["2026-11-21"]["2017.1.0"] > 2
    ahead = {each["host-id"] for each in check_ins if "2029-" in json.dumps(each)}
    assert len(ahead) == 1
    hosts = Counter((e["host-id"], e["self-service-analytics"]["snapshots"]["master_os"]["value"])
                    for e in check_ins)  # fmt: skip
    cloned = Counter(host for host, _ in hosts)
    assert max(cloned.values()) == 2, "a machine and its copy, of another system"
    masters = {}
    for each in check_ins:
        masters.setdefault(each["site-id"], set()).add(each["host-id"])
    assert {len(each) for each in masters.values()} == {1, 2}


def test_the_consoles_of_the_fleet_send_what_the_manifest_declares():
    declared = read_manifest(MANIFESTS[CONSOLE]).items
    for request in fleet("--days", "2", program=FLEETS[CONSOLE]):
        for item in request["items"]:
            assert set(item["fields"]) <= set(declared[item["item"]].fields)
            assert item["ago"] < timedelta(hours=47).total_seconds() * 1000
