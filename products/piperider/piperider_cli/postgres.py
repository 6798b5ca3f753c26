"""A PostgreSQL database as a data source: `postgresql://USER@HOST:PORT/DATABASE`.

The password is taken from PGPASSWORD alone, so that none stands in a project's files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from failures import WrongCallError

SCHEME = "postgresql://"
PATIENCE = 20.0  # seconds for a connection, and for each answer
EXPECTED = "postgresql://USER@HOST:PORT/DATABASE, with the password in PGPASSWORD"


@dataclass(frozen=True, slots=True)
class Address:
    user: str
    host: str
    port: int
    database: str


def parsed(text: str) -> Address:
    """Raises WrongCallError, which never holds what stood there: it may be a password."""
    try:
        parts = urlsplit(text)
        port = parts.port or 5432
    except ValueError:
        raise WrongCallError(f"found an address that is none; expected {EXPECTED}") from None
    if parts.password is not None:
        raise WrongCallError(f"found a password in the address; expected {EXPECTED}")
    database = parts.path.removeprefix("/")
    if not (parts.username and parts.hostname and database) or parts.query or "/" in database:
        raise WrongCallError(f"found an address that is not whole; expected {EXPECTED}")
    return Address(unquote(parts.username), parts.hostname, port, unquote(database))


Run = Callable[[str, Sequence[str]], list[tuple[Any, ...]]]


def connected(text: str, environment: Mapping[str, str]) -> tuple[Run, Callable[[], None]]:
    """A function that asks, within one transaction that sees one state and writes nothing, and one
    that closes. Raises WrongCallError.
    """
    address = parsed(text)
    try:
        import pg8000.native as driver  # only for those with such a source
    except ImportError:
        raise WrongCallError("found no pg8000; install it: pip install pg8000") from None
    failures = (driver.DatabaseError, driver.InterfaceError, OSError)
    try:
        connection = driver.Connection(
            address.user, host=address.host, port=address.port, database=address.database,
            password=environment.get("PGPASSWORD"), timeout=PATIENCE,
        )  # fmt: skip
        connection.run("begin transaction isolation level repeatable read read only")
        connection.run("select 1")  # from here on the transaction cannot be made another
    except failures as error:
        where = f"{address.host}:{address.port}/{address.database}"
        raise WrongCallError(f"cannot open {where}: {_said(error)}") from None

    def run(sql: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        named = {f"v{number}": value for number, value in enumerate(values, 1)}
        try:
            return [tuple(row) for row in connection.run(sql, **named) or ()]
        except failures as error:
            raise WrongCallError(f"the data source refused {sql!r}: {_said(error)}") from None

    return run, connection.close


def _said(error: Exception) -> str:
    """PostgreSQL's own words, without the rest of its message."""
    facts = error.args[0] if error.args else ""
    return str(facts.get("M", facts)) if isinstance(facts, dict) else str(error)
