"""Who may do what here, and the record of what they did: people, sessions, tokens, two logs."""

from glasshouse.people.database import Database
from glasshouse.people.identities import Identities, Told
from glasshouse.people.records import Records
from glasshouse.people.register import Entered, Person, PersonError, Register, Token
from glasshouse.people.rights import RIGHTS, Reader, Right, Role, Way

__all__ = [
    "RIGHTS",
    "Database",
    "Entered",
    "Identities",
    "Person",
    "PersonError",
    "Reader",
    "Records",
    "Register",
    "Right",
    "Role",
    "Token",
    "Told",
    "Way",
]
