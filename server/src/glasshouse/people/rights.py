"""Roles and what each may do. Raw access is no part of a role: a person is given it beside."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Right(enum.StrEnum):
    """What a request may need. RIGHT_WORDS says each in words."""

    SEE = "see"
    RAW = "raw"
    KEEP = "keep"
    CHANGE = "change"
    PEOPLE = "people"
    RECORDS = "records"
    OWN = "own"


RIGHT_WORDS: Mapping[Right, str] = {
    Right.SEE: "pages and answers, small groups withheld",
    Right.RAW: "exact answers, sql, the live view; every reading is recorded",
    Right.KEEP: "erase and export what is held of an identity",
    Right.CHANGE: "products and their settings, backups, checks",
    Right.PEOPLE: "people, their roles and their access",
    Right.RECORDS: "the log of raw reads and of changes",
    Right.OWN: "tokens and share links of one's own, with an account",
}


class Role(enum.StrEnum):
    """What a person is here."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    PRIVACY_OFFICER = "privacy-officer"
    ADMIN = "admin"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.ANALYST: frozenset({Right.SEE, Right.OWN}),
    Role.PRIVACY_OFFICER: frozenset({Right.SEE, Right.OWN, Right.KEEP, Right.RECORDS}),
    Role.ADMIN: frozenset(Right) - {Right.RAW},
}
NEVER_RAW = (Role.VIEWER,)


def rights_of(role: Role, *, raw: bool) -> frozenset[Right]:
    """What a person with this role may do, with raw access or without."""
    return RIGHTS[role] | ({Right.RAW} if raw and role not in NEVER_RAW else frozenset())


class Way(enum.StrEnum):
    """How somebody came in."""

    MACHINE = "machine"  # a command on this machine, with the token in server.json
    LOCAL = "local"  # a browser at this machine, while nobody has an account
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 (a name, no secret)
    ALERT = "alert"  # nobody came: somebody is told
    LINK = "link"  # a share link, with the access of who made it


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: `name` stands in the logs. `key` is the session's or the token's, hashed."""

    name: str
    rights: frozenset[Right]
    way: Way
    person: str = ""
    key: str = ""
    why: str = ""

    @property
    def raw(self) -> bool:
        return Right.RAW in self.rights


def machine(why: str = "") -> Reader:
    """Who can read the data directory can do everything anyway."""
    return Reader("a command on this machine", frozenset(Right), Way.MACHINE, why=why)
