"""Share links: one page with its state, for whoever holds the link, until a day."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from glasshouse.office.errors import OfficeError, text_of
from glasshouse.people import Database

SCHEMA = """
create table if not exists shares (
    id text primary key, hash text not null unique,
    person text not null references people on delete cascade,
    address text not null, title text not null, raw integer not null,
    made_at text not null, until text not null, opened integer not null default 0,
    opened_at text
) without rowid;
"""
LONGEST_DAYS, LONGEST_ADDRESS, LONGEST_TITLE, MOST = 366, 2000, 80, 1000


@dataclass(frozen=True, slots=True)
class Share:
    """As it can be listed: not what it is, only where it leads, for whom and until when."""

    id: str
    person: str
    address: str
    title: str
    raw: bool
    made_at: datetime
    until: datetime
    opened: int
    opened_at: datetime | None


class Shares:
    """Of each secret only a hash: 256 bits of chance, which cannot be tried out."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        database.hold(SCHEMA)

    def make(
        self, person: str, address: str, title: str, *, raw: bool, days: int
    ) -> tuple[str, Share]:
        """The secret, once, and the share as it is listed. Raises `OfficeError`."""
        if not 1 <= days <= LONGEST_DAYS:
            raise OfficeError(f"days: found {days}; expected 1 to {LONGEST_DAYS}")
        title = text_of("title", title, LONGEST_TITLE)
        now = self._clock()
        with self._database.change():
            self._database.rows("delete from shares where until < ?", (now.isoformat(),))
            if len(self.all()) >= MOST:
                raise OfficeError(f"found {MOST} share links already; remove some first")
            secret, name = secrets.token_urlsafe(32), secrets.token_hex(6)
            self._database.rows(
                "insert into shares (id, hash, person, address, title, raw, made_at, until) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                (name, _hash(secret), person, address, title, raw, now.isoformat(),
                 (now + timedelta(days=days)).isoformat()),
            )  # fmt: skip
        return secret, next(share for share in self.all() if share.id == name)

    def all(self, person: str | None = None) -> Sequence[Share]:
        """Of one person, or everybody's; the oldest first."""
        return self._where("? is null or person = ?", (person, person))

    def by_secret(self, secret: str) -> Share | None:
        """What a link leads to; None if it is over, was removed, or never was."""
        found = self._where("hash = ? and until > ?", (_hash(secret), self._clock().isoformat()))
        return found[0] if found else None

    def note_opened(self, share: Share) -> None:
        self._database.rows(
            "update shares set opened = opened + 1, opened_at = ? where id = ?",
            (self._clock().isoformat(), share.id),
        )

    def remove(self, name: str, person: str | None = None) -> None:
        """Of this person, or anybody's. Raises `OfficeError`."""
        gone = self._database.rows(
            "delete from shares where id = ? and (? is null or person = ?) returning 1",
            (name, person, person),
        )
        if not gone:
            raise OfficeError(f"found no share link '{name[:20]}'", missing=True)

    def _where(self, condition: str, values: Sequence[object]) -> Sequence[Share]:
        found = self._database.rows(
            "select id, person, address, title, raw, made_at, until, opened, opened_at "  # noqa: S608
            f"from shares where {condition} order by made_at, id",
            values,
        )
        return [_share(row) for row in found]


def _share(row: tuple[Any, ...]) -> Share:
    name, person, address, title, raw, made_at, until, opened, opened_at = row
    return Share(
        name,
        person,
        address,
        title,
        bool(raw),
        datetime.fromisoformat(made_at),
        datetime.fromisoformat(until),
        opened,
        datetime.fromisoformat(opened_at) if opened_at else None,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
