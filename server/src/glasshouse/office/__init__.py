"""What the people of this server set down for others: saved advisories, alerts, contacts of
organizations, share links, releases. All of it in the file of people, so that an act and its
record are one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from glasshouse.office.advisories import Advisories, SavedAdvisory
from glasshouse.office.alerts import Alert, Alerts
from glasshouse.office.contacts import Contact, Contacts
from glasshouse.office.errors import OfficeError
from glasshouse.office.releases import Release, Releases
from glasshouse.office.shares import Share, Shares
from glasshouse.people import Database

__all__ = [
    "Advisories",
    "Alert",
    "Alerts",
    "Contact",
    "Contacts",
    "Office",
    "OfficeError",
    "Release",
    "Releases",
    "SavedAdvisory",
    "Share",
    "Shares",
]


@dataclass(frozen=True, slots=True)
class Office:
    """The tables, by what is in them."""

    advisories: Advisories
    alerts: Alerts
    contacts: Contacts
    releases: Releases
    shares: Shares

    @classmethod
    def over(cls, database: Database, clock: Callable[[], datetime]) -> "Office":
        return cls(
            Advisories(database, clock),
            Alerts(database, clock),
            Contacts(database, clock),
            Releases(database, clock),
            Shares(database, clock),
        )
