"""Alerts: who is told, and how, when an answer shows something that it did not show before.

What an alert has seen is kept as keyed hashes and counts: names of organizations in here would
outlive their erasure.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from glasshouse.office.errors import OfficeError
from glasshouse.people import Database

SCHEMA = """
create table if not exists alerts (
    id text primary key, product text not null, question text not null, words text not null,
    advisory text not null, raw integer not null,
    person text not null, way text not null, destination text not null, made_at text not null,
    seen text, looked_at text, told_at text, failures integer not null default 0,
    next_at text, problem text not null default ''
) without rowid;
"""
NAMES = (
    "id, product, question, words, advisory, raw, person, way, destination, made_at, seen, "
    "looked_at, told_at, failures, next_at, problem"
)
MOST = 200
WAITS = tuple(timedelta(seconds=n) for n in (60, 300, 900, 3600, 6 * 3600))
"""Between two tries to deliver; the last again and again."""


class Medium(StrEnum):
    """How somebody is told."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Alert:
    """`words`: what the question is asked with. `raw`: exactly, with the access of `person`.

    `seen`: the count of each row that was there, by the row's hash; None before the first look.
    """

    id: str
    product: str
    question: str
    words: Mapping[str, Sequence[str]]
    advisory: str
    raw: bool
    person: str
    medium: Medium
    destination: str
    made_at: datetime
    seen: Mapping[str, int] | None
    looked_at: datetime | None
    told_at: datetime | None
    failures: int
    next_at: datetime | None
    problem: str


class Alerts:
    """All of them, with what became of the last try."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        database.hold(SCHEMA)

    def add(
        self,
        product: str,
        question: str,
        words: Mapping[str, Sequence[str]],
        *,
        advisory: str,
        raw: bool,
        person: str,
        medium: Medium,
        destination: str,
    ) -> Alert:
        """Raises `OfficeError`."""
        with self._database.change():
            if len(self.all()) >= MOST:
                raise OfficeError(f"found {MOST} alerts already; remove some first")
            name = secrets.token_hex(6)
            self._database.rows(
                "insert into alerts (id, product, question, words, advisory, raw, person, way, "
                "destination, made_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (name, product, question, json.dumps(words), advisory, raw, person, medium,
                 destination, self._clock().isoformat()),
            )  # fmt: skip
            return self.one(name)

    def all(self) -> Sequence[Alert]:
        return [
            _alert(row)
            for row in self._database.rows(f"select {NAMES} from alerts order by made_at, id")  # noqa: S608 (ours)
        ]

    def one(self, name: str) -> Alert:
        """Raises `OfficeError`."""
        for alert in self.all():
            if alert.id == name:
                return alert
        raise OfficeError(f"found no alert '{name[:20]}'", missing=True)

    def remove(self, name: str) -> None:
        """Raises `OfficeError`."""
        if not self._database.rows("delete from alerts where id = ? returning 1", (name,)):
            raise OfficeError(f"found no alert '{name[:20]}'", missing=True)

    def due(self) -> Sequence[Alert]:
        """Those to look at now: once a day (UTC), raw ones once an hour, failed ones when due."""
        now = self._clock()
        return [alert for alert in self.all() if _is_due(alert, now)]

    def looked(
        self, alert: Alert, seen: Mapping[str, int], *, told: bool, problem: str = ""
    ) -> None:
        """Whoever had to be told was told; `problem`: why there is no answer to look at."""
        now = self._clock().isoformat()
        self._database.rows(
            "update alerts set seen = ?, looked_at = ?, told_at = coalesce(?, told_at), "
            "failures = 0, next_at = null, problem = ? where id = ?",
            (json.dumps(seen), now, now if told else None, problem[:200], alert.id),
        )

    def failed(self, alert: Alert, problem: str) -> None:
        """What there is to tell waits; nothing of it is forgotten."""
        wait = WAITS[min(alert.failures, len(WAITS) - 1)]
        self._database.rows(
            "update alerts set failures = failures + 1, next_at = ?, problem = ? where id = ?",
            ((self._clock() + wait).isoformat(), problem[:200], alert.id),
        )


def _is_due(alert: Alert, now: datetime) -> bool:
    if alert.next_at is not None:
        return now >= alert.next_at
    if alert.looked_at is None:
        return True
    if alert.raw:
        return now >= alert.looked_at + timedelta(hours=1)
    return now.date() > alert.looked_at.date()


def _alert(row: tuple[Any, ...]) -> Alert:
    facts = list(row)
    facts[3] = json.loads(facts[3])
    facts[5] = bool(facts[5])
    facts[7] = Medium(facts[7])
    facts[10] = json.loads(facts[10]) if facts[10] else None
    for place in (9, 11, 12, 14):
        facts[place] = datetime.fromisoformat(facts[place]) if facts[place] else None
    return Alert(*facts)
