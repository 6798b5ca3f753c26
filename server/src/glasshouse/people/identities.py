"""People as an OpenID provider knows them: by its name and the subject that it never gives again.

A name that a provider tells is no proof of being the person of that name here: some let people
choose theirs. So an account is tied to a provider by a one-time link alone, or made anew.
"""

from dataclasses import dataclass

from glasshouse.people.database import Database
from glasshouse.people.records import Records
from glasshouse.people.register import NAME, Person, PersonError, Register
from glasshouse.people.rights import Reader, Role, Way


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider says of who has signed in there. `name` may be empty."""

    issuer: str
    subject: str
    name: str


class Identities:
    """Which person signs in. Every first time is on record, in the same transaction."""

    def __init__(self, database: Database, register: Register, records: Records) -> None:
        self._database = database
        self._register = register
        self._records = records

    def enter(self, told: Told, link: str, newcomers: Role | None) -> Person:
        """Who this is. Whoever is unknown needs a one-time link, or `newcomers` a role for them.

        Raises `PersonError`.
        """
        known = self._known(told)
        if known is not None:
            return known
        with self._database.change():
            if link:
                return self._linked(told, link)
            if newcomers is None:
                raise PersonError(
                    "nobody here is tied to this sign-in; ask an administrator for a one-time "
                    "link, open it, and sign in from there"
                )
            return self._made(told, newcomers, raw=False)

    def _known(self, told: Told) -> Person | None:
        found = self._database.rows(
            "select person from identities where issuer = ? and subject = ?",
            (told.issuer, told.subject),
        )
        return self._register.person(found[0][0]) if found else None

    def _linked(self, told: Told, secret: str) -> Person:
        """Use up the link: for an account of its role, or to tie the account that it names."""
        link = self._register.use(secret)
        if link.name is None:
            return self._made(told, link.role, raw=link.raw)
        person = self._register.person(link.name)
        if person is None:
            raise PersonError("this link is for somebody who has no account any more")
        self._tie(told, person)
        return person

    def _made(self, told: Told, role: Role, *, raw: bool) -> Person:
        if NAME.fullmatch(told.name) is None:
            raise PersonError(
                "the provider told no name that can be one here: expected 1 to 64 letters, digits "
                "or . _ @ + -"
            )
        person = self._register.add(told.name, role, raw=raw)
        self._tie(told, person)
        return person

    def _tie(self, told: Told, person: Person) -> None:
        self._database.rows(
            "insert into identities (issuer, subject, person) values (?, ?, ?)",
            (told.issuer, told.subject, person.name),
        )
        self._records.change(
            Reader(person.name, frozenset(), Way.SESSION, person.name),
            "tied to an OpenID provider",
            person.name,
            issuer=told.issuer,
            role=person.role.value,
            raw=person.raw,
        )
