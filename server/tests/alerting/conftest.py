"""A fleet of organizations that goes on, a clock that is moved, and real receivers."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "console"), str(TESTS / "insight"), str(Path(__file__).parent)]

import fleet as fleets  # noqa: E402 (found by the path above)
from receivers import Inbox, Receiver, mail_server  # noqa: E402 (found by the path above)
from serving import served  # noqa: E402 (found by the path above)

from glasshouse.alerting.delivery import Delivery  # noqa: E402 (found by the path above)
from glasshouse.alerting.mail import MailServer, Security  # noqa: E402 (found by the path above)
from glasshouse.alerting.watch import Watch  # noqa: E402 (found by the path above)
from glasshouse.catalogue import Catalogue  # noqa: E402 (found by the path above)
from glasshouse.insight import Insight  # noqa: E402 (found by the path above)
from glasshouse.loading import Loader  # noqa: E402 (found by the path above)
from glasshouse.office import Office  # noqa: E402 (found by the path above)
from glasshouse.people import (  # noqa: E402 (found by the path above)
    Database,
    Records,
    Register,
    Role,
)
from glasshouse.store import open_store  # noqa: E402 (found by the path above)

KEY = b"k" * 32
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
MANIFEST = fleets.MANIFEST.replace(
    "[[switch]]",
    """[identity.organization]
made = "assigned"
of = "the vendor"
lives = "with the contract"

[[switch]]""",
    1,
).replace('purpose = "use"\n', 'purpose = "use"\nidentities = ["instance", "organization"]\n')


class World:
    """A product, its people, and what watches it. `now` is moved by the test."""

    def __init__(self, data, mail=None):
        self.now, self.payloads, self.items = fleets.NOW, [], 0
        self.catalogue = Catalogue(data / "catalogue")
        self.catalogue.add(MANIFEST.encode())
        self.store = open_store(data / "store", "500MB")
        self.loader = Loader(fleets.ListJournal(self.payloads), self.store, self.catalogue, data)
        self.insight = Insight(self.store, self.catalogue, self.clock, list, b"s" * 32)
        self.database = Database(data)
        self.people = Register(self.database, self.clock, QUICK)
        self.records = Records(self.database, self.clock)
        self.office = Office.over(self.database, self.clock)
        self.people.add("robin", Role.ADMIN, raw=True)
        told = Delivery(mail, KEY)
        self.watch = Watch(self.insight, self.office, self.people, self.records, told, self.clock,
                           KEY, "https://t.example.com")  # fmt: skip

    def clock(self):
        return self.now

    def sends(self, *organizations, version="2.0.1", instances=1, name="i", days=1):
        """Items of so many instances of each organization, on each of the last days."""
        made = [
            fleets.Item("snapshot.host", self.now - timedelta(days=day, minutes=n),
                        f"{name}-{o}-{n}", "production", version, "DE", {"version": version}, o)
            for o in organizations for n in range(instances) for day in range(days)
        ]  # fmt: skip
        self.payloads.append(fleets.payload(made, first=self.items))
        self.items += len(made)
        while self.loader.cycle().more:
            pass

    def save(self, **facts):
        given = {"title": "Remote code execution", "affected": ">=2.0.0,<2.0.4",
                 "disclosed": fleets.TODAY - timedelta(days=60), "by": "robin",
                 "fix": "Upgrade to 2.0.4: https://example.com/fix"}  # fmt: skip
        return self.office.advisories.save("forge", "CVE-2026-1", **{**given, **facts})

    def alert(
        self, destination, *, medium, raw, question="advisory", advisory="CVE-2026-1", **words
    ):
        return self.office.alerts.add(
            "forge", question, {"product": ["forge"], **words}, advisory=advisory, raw=raw,
            person="robin", medium=medium, destination=destination,
        )  # fmt: skip

    def close(self):
        self.store.close()
        self.database.close()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def mailing(tmp_path):
    """A world whose alerts go to a real mail server, and that server's inbox."""
    inbox = Inbox()
    with mail_server(inbox) as port:
        server = MailServer("127.0.0.1", port, Security.NONE, "", "", "alerts@example.com")
        made = World(tmp_path, server)
        yield made, inbox.messages
        made.close()


@pytest.fixture
def receiver():
    made = Receiver()
    with served(made) as url:
        made.url = f"{url}/hook?secret=of-the-receiver"
        yield made
        made.hold.set()
