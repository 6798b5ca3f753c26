"""What servers of different ages have different words for.

Everything else that is written here is understood by servers from 2018 on. A server before 2020
keeps whole seconds only and has no views for people, so it is good for a test of what a cluster
does, not for real use.
"""

from dataclasses import dataclass

DAYS_OF_OLD = (20, 8)  # releases before this know neither DateTime64 nor replacing a view in place


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of one server's release."""

    moment: str  # the type of a time, UTC
    ticks: int  # of such a time, a second
    boolean: str
    replaces_views: bool  # in one step
    joins: bool  # more than two relations in one query: what the views for people need
    tells_detached: bool  # what parts lie aside
    writes_json: bool
    day: str  # the type of a day
    names_queries: bool  # `with name as (query)`, and functions for days beside toMonday


MODERN = Dialect("DateTime64(6, 'UTC')", 1_000_000, "Bool", True, True, True, True, "Date32", True)
OLD = Dialect("DateTime", 1, "UInt8", False, False, False, False, "Date", False)


def dialect_of(release: str) -> Dialect:
    """`release` is what `select version()` says, such as 18.16.1 or 25.8.2.29."""
    major, minor = (int(part) for part in release.split(".")[:2])
    return MODERN if (major, minor) >= DAYS_OF_OLD else OLD
