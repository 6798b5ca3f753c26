"""An installation with a fleet in it, behind its console on a real port."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("browser", "console", "insight", "office")]

import fleet as fleets  # noqa: E402 (found by the path above)
from chromium import Browser  # noqa: E402 (found by the path above)
from filling_in import CANARY, MANIFEST  # noqa: E402 (found by the path above)
from serving import served  # noqa: E402 (found by the path above)

from glasshouse.cli.alerting import watch_of  # noqa: E402 (found by the path above)
from glasshouse.cli.application import Application  # noqa: E402 (found by the path above)
from glasshouse.cli.beside import beside_of  # noqa: E402 (found by the path above)
from glasshouse.cli.installation import Installation  # noqa: E402 (found by the path above)
from glasshouse.collector.app import Collector  # noqa: E402 (found by the path above)
from glasshouse.collector.desk import Desk  # noqa: E402 (found by the path above)
from glasshouse.collector.places import Places  # noqa: E402 (found by the path above)
from glasshouse.console.access import Access  # noqa: E402 (found by the path above)
from glasshouse.console.app import console_app  # noqa: E402 (found by the path above)
from glasshouse.people import Role  # noqa: E402 (found by the path above)
from glasshouse.settings import Settings  # noqa: E402 (found by the path above)


class House:
    """`url` of the console; people robin (admin, raw), kim (analyst) and officer are there."""

    def __init__(self, data):
        self.installation = Installation(Settings(data=data), print)
        quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        self.people = self.installation.people
        self.people._hasher = quick
        for name, role, raw in (
            ("robin", Role.ADMIN, True),
            ("kim", Role.ANALYST, False),
            ("officer", Role.PRIVACY_OFFICER, False),
        ):
            self.people.add(name, role, raw=raw)
        self.office, self.records = self.installation.office, self.installation.records
        self.access = Access("machine", self.people, self.records)
        self.watch = watch_of(self.installation)
        beside = beside_of(self.installation, self.watch, self.installation.forget_requests.counts)
        console = console_app(self.installation.insight, self.access, beside=beside)
        desk = Desk(self.installation.catalogue, Places(), print, b"k" * 32)
        collector = Collector(desk, self.installation.journal, 1 << 20)
        self.app = Application(self.installation, collector, console, self.access)
        self.installation.register(MANIFEST.encode())
        self._fill()

    def _fill(self):
        """120 instances over ten weeks, of as many organizations as not to be told apart."""
        now, items = datetime.now(UTC), []
        for n in range(120):
            system = "Plan 9" if n < 3 else "Debian 12"
            version = "2.0.1" if n % 2 else "2.1.0"
            organization = CANARY if n == 1 else f"organization-{n % 40}"
            for week in range(10):
                at = now - timedelta(days=1 + 7 * week, minutes=n)
                fields = {"system": system, "version": version, "cores": 4}
                items.append(fleets.Item("snapshot.host", at, f"i-{n}", "production", version,
                                         "DE", fields, organization))  # fmt: skip
        for n in range(0, len(items), 300):
            self.installation.journal.note(fleets.payload(items[n : n + 300], first=n))
        self.installation.journal.roll()
        while self.installation.loader.cycle().more:
            pass

    def client(self, name=None):
        """A browser, of somebody or of nobody."""
        client = httpx.Client(base_url=self.url, trust_env=False, timeout=60, follow_redirects=True)
        if name:
            client.cookies.set("glasshouse_session", self.people.begin_session(name).secret)
        return client


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"))
    with served(made.app) as url:
        made.url = url
        yield made
    made.installation.close()


@pytest.fixture
def robin(house):
    with house.client("robin") as client:
        yield client


@pytest.fixture
def kim(house):
    with house.client("kim") as client:
        yield client


@pytest.fixture
def nobody(house):
    with house.client() as client:
        yield client


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()
