"""The check for updates: its own channel, no identity, no second request; and shared keys."""

import json

import pytest

from glasshouse_sdk import Telemetry

DOOR = '[doors.dujour]\nkey = "acme-master"\n\n[snapshot.host]\n'
CHECK = """covers = ["updates"]

[[switch]]
kind = "environment"
name = "ACME_CHECK"
off = "0, false or no"
covers = ["update-check"]
"""


@pytest.fixture
def opened(manifest_with, collector, tmp_path):
    """Opens the product's telemetry under these variables; the collector tells of version 2.0."""
    manifest = manifest_with(
        ('send = "agent"', 'send = "agent"\nwire = "dujour"'), ("[snapshot.host]\n", DOOR),
        ('covers = ["updates"]\n', CHECK),
        ('of = "the organization', 'key = "shared"\nof = "the organization'),
    )  # fmt: skip
    collector.mode = "dujour"

    def open_it(directory="state", **more):
        environ = {"PATH": "/usr/bin:/bin", **more.pop("environ", {})}
        return Telemetry(
            manifest, version="1.2.3", endpoint=collector.url, state=tmp_path / directory,
            environment=environ, sends_at_exit=False, strict=True, **more,
        )  # fmt: skip

    return open_it


OFF = {"ACME_TELEMETRY": "no", "ACME_NO_UPDATES": "1"}


def test_a_check_alone_tells_product_and_version_and_leaves_nothing(opened, collector, tmp_path):
    telemetry = opened(environ=OFF)
    assert telemetry.consent == "off"
    told = telemetry.check_for_updates()
    assert (told.version, told.newer, told.link, told.message) == ("2.0", True, "", "")
    (request,) = collector.requests
    assert json.loads(request["body"]) == {"product": "acme-master", "version": "1.2.3"}
    assert not (tmp_path / "state").exists()


def test_the_answer_to_items_is_the_answer_to_the_check(opened, collector):
    telemetry = opened()
    telemetry.record("host", cores=2)
    assert telemetry.send(30) == "acknowledged"
    assert telemetry.check_for_updates().version == "2.0"
    assert len(collector.requests) == 1
    assert telemetry.history()[0].attempts[0]["told"]["newer"] is True


@pytest.mark.parametrize("off", [{"ACME_CHECK": "false"}, {"DO_NOT_TRACK": "1"}])
def test_the_check_has_its_own_switch(opened, collector, off):
    telemetry = opened(environ={**OFF, **off})
    assert telemetry.state_of("update-check") == "off"
    assert telemetry.check_for_updates() is None
    assert collector.requests == []
    assert opened(environ=OFF).state_of("update-check") == "on"
    assert opened(environ={"ACME_CHECK": "no"}).state_of("telemetry") == "on"


def test_a_person_may_refuse_the_check_alone(opened, collector):
    telemetry = opened(environ=OFF)
    telemetry.answer("off", channel="update-check")
    assert opened(environ=OFF).check_for_updates() is None
    assert collector.requests == []


@pytest.mark.parametrize("mode", ["portal", "portal-json", "dujour-other", "503"])
def test_what_is_no_answer_tells_nothing(opened, collector, mode):
    collector.mode = mode
    assert opened(environ=OFF).check_for_updates(5) is None


def test_an_identity_of_several_machines_is_hashed_with_their_key(opened, collector):
    def sent(directory, name, **keys):
        telemetry = opened(directory, identities={"organization": name}, keys=keys)
        telemetry.record("done", count=1)
        (item,) = telemetry.waiting()
        return item.get("identities", {}).get("organization"), item["instance"]

    key, other = "aa" * 32, "bb" * 32
    one, two = sent("one", "Acme", organization=key), sent("two", "Acme", organization=key)
    assert one[0] == two[0] != one[1] != two[1]
    assert sent("three", "Acme", organization=other)[0] != one[0]
    assert sent("four", "Acme")[0] is None, "not by a key of this machine alone"
