"""People with their passwords, one-time links, sessions and tokens. Of each secret only a hash.

Passwords are hashed by Argon2id. Links, sessions and tokens are 256 bits of chance, so that a plain
hash of them cannot be tried out.
"""

import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from glasshouse.people.database import Database
from glasshouse.people.rights import NEVER_RAW, Reader, Right, Role, Way, rights_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
LINK_HOURS = 24
SESSION_HOURS = 12
LONGEST_TOKEN_DAYS = 366
TOKEN_PREFIX = "ghtok_"  # noqa: S105 (what a token begins with)
ATTEMPTS, ATTEMPT_SECONDS = 5, 300
MOST_NAMES = 1000  # whose attempts are counted at once
SCOPES: Sequence[Right] = tuple(Right)


class PersonError(ValueError):
    """What cannot be done with a person, a link or a token, in words."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    name: str
    role: Role
    raw: bool
    made_at: datetime
    has_password: bool


@dataclass(frozen=True, slots=True)
class Link:
    """What a one-time link gives: an account of this role, or a new password for `name`."""

    name: str | None
    role: Role
    raw: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it can be listed: not what it is, only what it may do and until when."""

    id: str
    person: str
    title: str
    scopes: tuple[Right, ...]
    made_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that has just begun: the secret for the cookie."""

    secret: str
    until: datetime


class Register:
    """Everybody who may come in. Safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._attempts: dict[str, list[datetime]] = {}
        self._counting = threading.Lock()
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    @property
    def database(self) -> Database:
        """For what else belongs to people."""
        return self._database

    # People.

    def people(self) -> Sequence[Person]:
        found = self._database.rows(
            "select name, role, raw, made_at, password is not null from people order by name"
        )
        return [
            Person(n, Role(r), bool(w), datetime.fromisoformat(m), bool(p))
            for n, r, w, m, p in found
        ]

    def person(self, name: str) -> Person | None:
        return next((person for person in self.people() if person.name == name), None)

    def is_empty(self) -> bool:
        """Whether nobody has an account yet."""
        return not self._database.rows("select 1 from people limit 1")

    def change(self, name: str, *, role: Role | None = None, raw: bool | None = None) -> Person:
        """Give another role, give or take raw access. Raises `PersonError`."""
        with self._database.change():
            known = self._known(name)
            now = Person(
                name,
                role or known.role,
                known.raw if raw is None else raw,
                known.made_at,
                known.has_password,
            )
            _check_raw(now.role, raw=now.raw)
            self._keep_an_admin(known, now)
            self._database.rows(
                "update people set role = ?, raw = ? where name = ?", (now.role, now.raw, name)
            )
        return now

    def remove(self, name: str) -> None:
        """With sessions and tokens. Raises `PersonError`."""
        with self._database.change():
            self._keep_an_admin(self._known(name), None)
            self._database.rows("delete from people where name = ?", (name,))

    def _known(self, name: str) -> Person:
        found = self.person(name)
        if found is None:
            raise PersonError(f"found no person '{name[:64]}'; expected one of those listed")
        return found

    def _keep_an_admin(self, before: Person, after: Person | None) -> None:
        others = [p for p in self.people() if p.role is Role.ADMIN and p.name != before.name]
        is_admin = after is not None and after.role is Role.ADMIN
        if before.role is Role.ADMIN and not is_admin and not others:
            raise PersonError(f"'{before.name}' is the last admin; make another person one first")

    # One-time links.

    def invite(self, role: Role, *, raw: bool, name: str | None = None, kind: str = "") -> str:
        """The secret of a one-time link: for a new account, or a new password of `name`.

        Of links of a `kind` only the newest holds. Raises `PersonError`.
        """
        _check_raw(role, raw=raw)
        if name is not None:
            known = self._known(name)
            role, raw = known.role, known.raw
        secret = secrets.token_urlsafe(32)
        until = self._clock() + timedelta(hours=LINK_HOURS)
        with self._database.change():
            self._database.rows("delete from links where until < ?", (self._now(),))
            if kind:
                self._database.rows("delete from links where kind = ?", (kind,))
            self._database.rows(
                "insert into links values (?, ?, ?, ?, ?, ?)",
                (_hash(secret), name, role, raw, kind, until.isoformat()),
            )
        return secret

    def link(self, secret: str) -> Link | None:
        """What a link is good for; None if it was used, is over, or never was."""
        self._count_attempt("a link")
        found = self._database.rows(
            "select name, role, raw from links where hash = ? and until > ?",
            (_hash(secret), self._now()),
        )
        if not found:
            return None
        self._forget_attempts("a link")
        return Link(found[0][0], Role(found[0][1]), bool(found[0][2]))

    def accept(self, secret: str, name: str, password: str) -> Person:
        """Use up a link: make the account, or set its new password. Raises `PersonError`."""
        if NAME.fullmatch(name) is None:
            raise PersonError("the name: expected 1 to 64 letters, digits or . _ @ + -")
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise PersonError(
                f"the password: expected {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            )
        link = self.link(secret)
        if link is None:
            raise PersonError("this link was used or is over; ask an administrator for another")
        if link.name is not None and link.name != name:
            raise PersonError("this link is for another name")
        hashed = self._hasher.hash(password)
        with self._database.change():
            self.use(secret)
            if link.name is not None:
                self._database.rows("update people set password = ? where name = ?", (hashed, name))
                self._database.rows("delete from sessions where person = ?", (name,))
            else:
                self.add(name, link.role, raw=link.raw, hashed=hashed)
        return self._known(name)

    def use(self, secret: str) -> Link:
        """Use up a link. Within a change: it is not used if the change fails.

        Raises `PersonError`.
        """
        link = self.link(secret)
        used = self._database.rows("delete from links where hash = ? returning 1", (_hash(secret),))
        if link is None or not used:
            raise PersonError("this link was used or is over; ask an administrator for another")
        return link

    def add(self, name: str, role: Role, *, raw: bool, hashed: str | None = None) -> Person:
        """Somebody new, with a hashed password or none. Raises `PersonError`."""
        if self.person(name) is not None:
            raise PersonError(f"'{name}' has an account already; choose another name")
        self._database.rows(
            "insert into people (name, role, raw, password, made_at) values (?, ?, ?, ?, ?)",
            (name, role, raw, hashed, self._now()),
        )
        return self._known(name)

    # Sessions.

    def log_in(self, name: str, password: str) -> Entered:
        """Begin a session. Raises `PersonError`, in the same words whatever was wrong."""
        self._count_attempt(name)
        found = self._database.rows("select password from people where name = ?", (name[:64],))
        hashed = found[0][0] if found and found[0][0] else None
        try:
            # A name that is not known takes as long as one that is.
            self._hasher.verify(hashed or self._nobody, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            hashed = None
        if hashed is None:
            raise PersonError("this name and password do not belong together")
        self._forget_attempts(name)
        if self._hasher.check_needs_rehash(hashed):
            again = self._hasher.hash(password)
            self._database.rows("update people set password = ? where name = ?", (again, name))
        return self.begin_session(name)

    def begin_session(self, name: str) -> Entered:
        secret = secrets.token_urlsafe(32)
        until = self._clock() + timedelta(hours=SESSION_HOURS)
        self._database.rows("delete from sessions where until < ?", (self._now(),))
        self._database.rows(
            "insert into sessions values (?, ?, ?, ?)",
            (_hash(secret), name, self._now(), until.isoformat()),
        )
        return Entered(secret, until)

    def log_out(self, secret: str) -> None:
        self._database.rows("delete from sessions where hash = ?", (_hash(secret),))

    def by_session(self, secret: str) -> Reader | None:
        """Who a cookie belongs to; None if its session is over."""
        found = self._database.rows(
            "select p.name, p.role, p.raw from sessions s join people p on p.name = s.person "
            "where s.hash = ? and s.until > ?",
            (_hash(secret), self._now()),
        )
        if not found:
            return None
        name, role, raw = found[0]
        rights = rights_of(Role(role), raw=bool(raw))
        return Reader(name, rights, Way.SESSION, name, _hash(secret))

    # Tokens.

    def make_token(
        self, name: str, title: str, scopes: Iterable[Right], days: int
    ) -> tuple[str, Token]:
        """A token of a person: what it is, once, and as it is listed. Raises `PersonError`."""
        known = self._known(name)
        wanted = tuple(sorted(set(scopes)))
        held = rights_of(known.role, raw=known.raw)
        if not wanted or not set(wanted) <= held & set(SCOPES):
            allowed = ", ".join(right for right in SCOPES if right in held)
            raise PersonError(f"scopes: expected some of {allowed}")
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            raise PersonError(f"days: expected 1 to {LONGEST_TOKEN_DAYS}")
        if not title.strip() or len(title) > 80:
            raise PersonError("title: expected 1 to 80 characters that say what the token is for")
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        token = Token(
            secrets.token_hex(6), name, title.strip(), wanted, now, now + timedelta(days=days)
        )
        self._database.rows(
            "insert into tokens values (?, ?, ?, ?, ?, ?, ?)",
            (token.id, _hash(secret), name, token.title, " ".join(wanted), now.isoformat(),
             token.until.isoformat()),
        )  # fmt: skip
        return secret, token

    def tokens(self, person: str | None = None) -> Sequence[Token]:
        found = self._database.rows(
            "select id, person, title, scopes, made_at, until from tokens "
            "where ? is null or person = ? order by made_at",
            (person, person),
        )
        return [_token(row) for row in found]

    def remove_token(self, token: str, person: str | None = None) -> None:
        """Of this person, or anybody's. Raises `PersonError`."""
        gone = self._database.rows(
            "delete from tokens where id = ? and (? is null or person = ?) returning 1",
            (token, person, person),
        )
        if not gone:
            raise PersonError(
                f"found no token '{token[:20]}'; expected the id of one that is listed"
            )

    def by_token(self, secret: str) -> Reader | None:
        """Whose token it is. It never may more than its person may now."""
        if not secret.startswith(TOKEN_PREFIX):
            return None
        found = self._database.rows(
            "select t.id, t.scopes, p.name, p.role, p.raw from tokens t "
            "join people p on p.name = t.person where t.hash = ? and t.until > ?",
            (_hash(secret), self._now()),
        )
        if not found:
            return None
        number, scopes, name, role, raw = found[0]
        rights = rights_of(Role(role), raw=bool(raw)) & {Right(scope) for scope in scopes.split()}
        return Reader(f"{name}, token {number}", rights, Way.TOKEN, name, _hash(secret))

    # Attempts, in memory: who tries passwords has to wait.

    def _count_attempt(self, name: str) -> None:
        """Raises `PersonError` for one too many."""
        now = self._clock()
        since = now - timedelta(seconds=ATTEMPT_SECONDS)
        with self._counting:
            if len(self._attempts) > MOST_NAMES:
                self._attempts = {n: t for n, t in self._attempts.items() if t[-1] > since}
            lately = [at for at in self._attempts.get(name, ()) if at > since]
            if len(lately) >= ATTEMPTS or len(self._attempts) > MOST_NAMES:
                raise PersonError(
                    f"too many attempts; try again in {ATTEMPT_SECONDS // 60} minutes"
                )
            self._attempts[name] = [*lately, now]

    def _forget_attempts(self, name: str) -> None:
        with self._counting:
            self._attempts.pop(name, None)

    def _now(self) -> str:
        return self._clock().isoformat()


def _check_raw(role: Role, *, raw: bool) -> None:
    if raw and role in NEVER_RAW:
        raise PersonError(f"a {role} has no raw access; expected another role, or no raw access")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _token(row: tuple[Any, ...]) -> Token:
    number, person, title, scopes, made_at, until = row
    return Token(
        number,
        person,
        title,
        tuple(Right(scope) for scope in scopes.split()),
        datetime.fromisoformat(made_at),
        datetime.fromisoformat(until),
    )
