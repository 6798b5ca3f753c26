"""What the data is for, by the checklist: each question that answers a use is asked of a fleet."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from bench.server import free_port
from tests.test_checklist import COMPLETE, PRODUCTS

from glasshouse.cli.manifest import composed_source
from glasshouse.cli.server_file import running_server
from glasshouse.cli.server_process import ServerProcess
from glasshouse_sdk.manifest import read_manifest

# In one process, which sets up once what all of them use.
pytestmark = pytest.mark.xdist_group("uses")
DAYS = "14"
PATIENCE = 120.0  # seconds in which a fleet is stored


def uses():
    """(number, folder, question, its words) of each question that a use names."""
    for number, _, kind, declared, _ in COMPLETE:
        folder, _, places = declared.partition(": ")
        for place in places.split("; "):
            table, _, question = place.partition(".")
            if kind == "use" and table == "question":
                name, _, words = question.partition("?")
                yield number, folder, name, parse_qs(words)


USES = tuple(uses())


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    """A server with some days of the fleet of each product that is asked about; and their slugs."""
    data = tmp_path_factory.mktemp("data")
    with ServerProcess(data, f"127.0.0.1:{free_port()}") as process:
        process.wait_until_ready()
        server, slugs = running_server(data), {}
        for folder in sorted({folder for _, folder, _, _ in USES}):
            manifest = PRODUCTS / folder / "manifest.toml"
            product = server.add_product(composed_source(manifest))
            slugs[folder] = product["slug"]
            send_fleet(server.url, PRODUCTS / folder, product)
        wait_until_stored(server)
        yield server, slugs


def send_fleet(url: str, home: Path, product) -> None:
    key = next(key["key"] for key in product["write_keys"] if key["origin"] == "simulated")
    command = [sys.executable, home / "fleet.py", "--endpoint", url, "--key", key, "--days", DAYS]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)


def wait_until_stored(server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        products = server.call("GET", "/health/accounting")["products"]
        if not sum(door["waiting"] for doors in products.values() for door in doors.values()):
            return
        time.sleep(0.2)
    raise AssertionError("the fleets were not stored in time")


@pytest.mark.parametrize(("number", "folder", "question", "words"), USES)
def test_a_use_is_answered(vendor, number, folder, question, words):
    server, slugs = vendor
    asked = {**words, "product": [slugs[folder]], "origin": ["simulated"], "period": ["30d"]}
    if words.get("organization") == ["ID"]:
        asked["organization"] = [an_organization(server, folder, slugs[folder])]
    answer = server.ask(question, asked)
    assert answer["rows"], f"{number}: {question} has no answer"


def an_organization(server, folder, slug):
    """Any that is there; of some products it is the one that holds a licence."""
    for path, item in read_manifest(PRODUCTS / folder / "manifest.toml").items.items():
        for who in {"organization", "license"} & set(item.identities):
            sql = f"""select {who} as id from "{slug}".{path.replace(".", "_")}
                where {who} is not null order by {who} limit 1"""
            if rows := server.sql(sql)["rows"]:
                return rows[0]["id"]
    raise AssertionError(f"{slug} has no organization")
