"""Where the store is: clickhouse://user:password@host:9000,host:9000/database?cluster=name

`chdb:///database` is the engine in this process, in the store's directory: for tests.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

DEFAULT_PORT = 9000
DEFAULT_DATABASE = "glasshouse"
SCHEMES = ("clickhouse", "chdb")
KNOWN = frozenset(("cluster", "copies"))


class AddressError(ValueError):
    """An address that names no store."""


@dataclass(frozen=True, slots=True)
class Address:
    """`hosts` are those asked first; of a cluster the servers themselves say who belongs to it.

    `copies`: on how many servers of a shard rows must be before the journal may forget them; None
    is two where a shard has two or more.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    user: str
    password: str
    database: str
    cluster: str
    copies: int | None

    def __repr__(self) -> str:
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.scheme}://{hosts}/{self.database}"  # never the password


def parse_address(text: str) -> Address:
    """Raises `AddressError`, which never quotes the password."""
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES:
        raise AddressError(
            f"found the scheme '{parts.scheme}', expected "
            "clickhouse://user:password@host:9000/database?cluster=name"
        )
    whose, _, hosts = parts.netloc.rpartition("@")
    user, _, password = whose.partition(":")
    asked = parse_qs(parts.query)
    unknown = sorted(set(asked) - KNOWN)
    if unknown:
        raise AddressError(f"found the parameter '{unknown[0]}', expected 'cluster' or 'copies'")
    database = parts.path.strip("/") or DEFAULT_DATABASE
    if not database.replace("_", "").isalnum():
        raise AddressError(f"found the database '{database}', expected letters, digits and _")
    if parts.scheme == "clickhouse" and not hosts:
        raise AddressError("found no host, expected clickhouse://host:9000/database")
    return Address(
        scheme=parts.scheme,
        hosts=tuple(_host(host) for host in hosts.split(",") if host),
        user=unquote(user) or "default",
        password=unquote(password),
        database=database,
        cluster=asked.get("cluster", [""])[-1],
        copies=_copies(asked.get("copies", [""])[-1]),
    )


def _host(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, DEFAULT_PORT
    if not port.isdigit() or not host:
        raise AddressError(f"found '{text}', expected host:port")
    return host.strip("[]"), int(port)


def _copies(text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not int(text):
        raise AddressError(f"found copies={text}, expected a number from 1 on")
    return int(text)
