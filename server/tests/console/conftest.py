"""The console behind a real server, over a small real fleet."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "insight")]

import fleet as fleets  # noqa: E402 (found by the path above)
from serving import browsing  # noqa: E402 (found by the path above)

from glasshouse.console.app import console_app  # noqa: E402 (found by the path above)

TOKEN = "token-of-this-test"


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    made = fleets.world(tmp_path_factory.mktemp("console"), fleets.generated(60))
    yield made
    made.store.close()


@pytest.fixture
def closed(world):
    """A server that is not open: nothing without the token."""
    with browsing(console_app(world.insight, TOKEN)) as client:
        yield client


@pytest.fixture(scope="session")
def opened(world):
    """A server that takes every local browser for its owner."""
    with browsing(console_app(world.insight, TOKEN, open_on_loopback=True)) as client:
        yield client


@pytest.fixture(scope="session")
def client(world):
    """The token in every request."""
    with browsing(console_app(world.insight, TOKEN), TOKEN) as client:
        yield client
