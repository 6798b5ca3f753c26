"""The OpenAPI document: it is one, and it describes every route and nothing else."""

import urllib.request

import pytest

from glasshouse.cli.application import Application
from glasshouse.cli.installation import Installation
from glasshouse.cli.keeping import ACTIONS, ASKED
from glasshouse.cli.openapi import document, operations
from glasshouse.collector.app import Collector
from glasshouse.collector.desk import Desk
from glasshouse.collector.doors import DOOR_BY_ROUTE, INQUIRIES
from glasshouse.collector.places import Places
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.settings import Settings


@pytest.fixture
def application(tmp_path):
    installation = Installation(Settings(data=tmp_path / "data"), print)
    desk = Desk(installation.catalogue, Places(), print, b"k" * 32)
    collector = Collector(desk, installation.journal, 1 << 20)
    access = Access("token", installation.people, installation.records)
    console = console_app(installation.insight, access)
    yield Application(installation, collector, console, access)
    installation.close()


def routed(application):
    """(method, path) of every route that is no page."""
    apps = (
        application.health,
        application.forget,
        application._administration,
        application._metrics,
    )
    for app in (*apps, application._console):
        for route in app.routes:
            for method in route.methods - {"HEAD"}:
                if app is not application._console or route.path.startswith("/api/"):
                    yield method, route.path.replace(":path", "")
    for method, path in (*DOOR_BY_ROUTE, *INQUIRIES):
        if path == "/" or not path.endswith("/"):  # some clients end every path with a slash
            yield method, path


def test_every_route_is_described_and_nothing_else(application):
    described = {(method, path) for method, path, _ in operations()}
    assert described - {("GET", "/")} == set(routed(application))
    assert set(ASKED) == {*ACTIONS, "export"}


def test_it_is_what_tools_take_for_openapi():
    made = document()
    assert made["openapi"].startswith("3.1")
    for path, methods in made["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["responses"]
            names = [each["name"] for each in operation.get("parameters", ())]
            assert all(f"{{{name}}}" in path for name in names if name == "slug")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("backup", b"{}"),
        ("backup", b'{"to": 7}'),
        ("backup", b'{"to": ""}'),
        ("backup", b'{"to": "backups/today"}'),
        ("erase", b'{"product": 3}'),
        ("erase", b'{"product": "bench", "from": 5}'),
        ("erase", b'{"product": "bench", "from": "never"}'),
        ("export", b"{}"),
        ("doctor", b'{"more": 1}'),
        ("erase", b"[" * 100_000),
        ("unknown", b"{}"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(server, action, body):
    request = urllib.request.Request(
        "http://{}:{}/api/v1/keeping/{}".format(*server.address, action),
        data=body,
        headers={"authorization": f"Bearer {server.token}"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    with caught.value as answer:
        assert answer.status == (404 if action == "unknown" else 422)
        assert b"message" in answer.read()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from bench.server import running

    with running(tmp_path_factory.mktemp("openapi") / "data") as server:
        yield server
