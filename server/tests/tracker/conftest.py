"""A real Chromium, a site with the tracker, and the sample console's manifest."""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "tracker")]

from chromium import Browser  # noqa: E402 (found by the path above)
from site_of_test import EXAMPLES, Site, compiled_of, serve  # noqa: E402 (found by the path above)
from tabs import Tab  # noqa: E402 (found by the path above)

MANIFEST = (EXAMPLES / "telemetry.toml").read_text()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()


@pytest.fixture
def context(chromium):
    """A profile of its own: no cookie of another test."""
    made = chromium.call("Target.createBrowserContext")["browserContextId"]
    chromium.events.clear()
    yield made
    chromium.call("Target.disposeBrowserContext", browserContextId=made)


@pytest.fixture(scope="session")
def axe():
    """The checker of accessibility; `tools/browser.sh` fetches it."""
    return (EXAMPLES.parent / "node_modules" / "axe-core" / "axe.min.js").read_bytes()


@pytest.fixture
def tab(chromium, context):
    opened = Tab(chromium, context)
    yield opened
    opened.close()


@pytest.fixture
def site():
    """A site of a product that is on unless somebody says no."""
    yield from _served(compiled_of(MANIFEST, **{'default = "ask"': 'default = "on"'}))


@pytest.fixture
def asking_site():
    """A site of a product that asks first, with its banner."""
    for made in _served(compiled_of(MANIFEST)):
        made.banner = True
        yield made


def _served(compiled):
    made = Site(compiled)
    server = serve(made)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _telemetry_is_not_refused(monkeypatch):
    """Whoever runs the tests may have refused telemetry; these products are of the tests."""
    for name in ("DO_NOT_TRACK", "GLASSHOUSE_REFUSED"):
        if name in os.environ:
            monkeypatch.delenv(name)
