"""From addresses to places, with databases made here in MaxMind's format."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from bench.server import running
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from glasshouse.collector.places import Places, PlacesError


def database(path: Path, **networks) -> Path:
    writer = MMDBWriter(6, "Test", ipv4_compatible=True, description="Made by a test.")
    for network, facts in networks.items():
        writer.insert_network(IPSet([network]), facts)
    writer.to_db_file(str(path))
    return path


def nested(country: str, region: str) -> dict:
    return {
        "country": {"iso_code": country},
        "subdivisions": [{"iso_code": "XX", "names": {"en": region}}],
        "city": {"names": {"en": "Nobody's business"}},
    }


@pytest.fixture
def countries(tmp_path):
    return database(
        tmp_path / "countries.mmdb",
        **{"192.0.2.0/24": {"country_code": "DE"}, "2001:db8::/32": {"country_code": "AT"}},
    )


@pytest.fixture
def regions(tmp_path):
    return database(
        tmp_path / "regions.mmdb",
        **{
            "192.0.2.0/25": nested("DE", "Land Berlin"),
            "192.0.2.128/25": nested("FR", "Brittany"),
            "198.51.100.0/24": nested("SE", "Skåne"),
            "2001:db8::/32": {"country_code": "AT", "state1": "Tyrol"},
        },
    )


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.9", ("DE", "Land Berlin")),
        ("192.0.2.200", ("DE", None)),  # the two disagree about the country
        ("198.51.100.7", ("SE", "Skåne")),  # only the second knows it
        ("2001:db8::1", ("AT", "Tyrol")),
        ("203.0.113.1", (None, None)),
        ("no address", (None, None)),
    ],
)
def test_regions_come_from_the_database_that_the_operator_installs(
    countries, regions, address, place
):
    assert Places(countries, regions).place(address) == place


def test_without_one_there_are_countries_alone(countries):
    assert Places(countries).place("192.0.2.9") == ("DE", None)


@pytest.mark.parametrize("content", [None, b"", b"no database", b"\x00" * 5000])
def test_what_is_no_database_is_refused_at_the_start(tmp_path, content):
    path = tmp_path / "wrong.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PlacesError, match="found no database in MaxMind's format"):
        Places(None, path)
    command = [sys.executable, "-m", "glasshouse.cli.main", "serve", "--regions", str(path)]
    ended = subprocess.run(
        [*command, "--data", str(tmp_path / "data")], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("glasshouse: ")
    assert "expected one such as" in ended.stderr


@pytest.mark.parametrize("collectors", ["1", "2"])
def test_a_server_keeps_the_region_and_no_address(tmp_path, countries, regions, collectors):
    settings = {"country_database": str(countries), "regions": str(regions),
                "trusted_proxies": "127.0.0.1", "collectors": collectors}  # fmt: skip
    with running(tmp_path / "data", **settings) as server:
        for number in range(8):  # some of them to each collector
            item = {"item": "event.job_finished", "id": f"{number:032x}", "instance": "i-1",
                    "at": "2026-11-22T10:00:00Z", "fields": {"result": "SUCCESS"}}  # fmt: skip
            request = urllib.request.Request(
                "http://{}:{}/v1/telemetry".format(*server.address),
                data=json.dumps({"manifest": server.digest, "items": [item]}).encode(),
                headers={"authorization": f"Bearer {server.key}", "x-forwarded-for": "192.0.2.77"},
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200
        server.wait_until_stored(8)
        rows = server.sql("select country, region, count(*) as items from events group by all")
        assert rows == [{"country": "DE", "region": "Land Berlin", "items": 8}]
        for path in server.data.rglob("*"):
            if path.is_file():
                assert b"192.0.2.77" not in path.read_bytes(), path
