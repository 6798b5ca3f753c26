"""A real Chromium, and a console with a fleet to look at."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "console"), str(TESTS / "insight")]

import fleet as fleets  # noqa: E402 (found by the path above)
import great_fleet as great_fleets  # noqa: E402 (found by the path above)
from chromium import Browser  # noqa: E402 (found by the path above)
from serving import served  # noqa: E402 (found by the path above)

from glasshouse.console.app import console_app  # noqa: E402 (found by the path above)


@pytest.fixture(scope="session")
def console(tmp_path_factory):
    """The address of a console that is open on loopback."""
    made = fleets.world(tmp_path_factory.mktemp("shown"), fleets.generated(300))
    with served(console_app(made.insight, "token", open_on_loopback=True)) as url:
        yield url
    made.store.close()


@pytest.fixture(scope="session")
def great(tmp_path_factory):
    """The fleet of the golden answers: with organizations, set-up steps and web pages."""
    fleet, manifest = great_fleets.great_fleet(), great_fleets.GREAT_MANIFEST
    made = fleets.world(tmp_path_factory.mktemp("great"), fleet, manifest)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def great_console(great):
    """The address of a console over it, open on loopback."""
    with served(console_app(great.insight, "token", open_on_loopback=True)) as url:
        yield url


@pytest.fixture(scope="session")
def empty_console(tmp_path_factory):
    """A console whose product has sent nothing yet."""
    made = fleets.world(tmp_path_factory.mktemp("empty"), fleets.Fleet(), refusals=[])
    with served(console_app(made.insight, "token", open_on_loopback=True)) as url:
        yield url
    made.store.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()
