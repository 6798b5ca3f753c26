"""What the container is started with: the database's address, the key of its secrets.

| `DB_ENDPOINT`                 | kept in                                                   |
|-------------------------------|-----------------------------------------------------------|
| not given                     | SQLite, a file in the data volume                         |
| `postgresql://HOST:PORT/NAME` | PostgreSQL                                                |
| `mysql://HOST:PORT/NAME`      | understood and not connected: SQLite in the data volume   |
| `ddb://REGION`                | the same                                                  |

An error names the variable and what was expected, never a value: all of them are secrets.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL

DATABASE = ("DB_ENDPOINT", "DB_USER", "DB_PASS", "DB_PREFIX")
SECRET = (*DATABASE, "DUMP_URI", "PFI_SECRET_KEY")
CONNECTED = {"postgresql": "postgresql+pg8000"}
PORTS = {"postgresql": 5432, "mysql": 3306}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "ddb": "DynamoDB"}
NAME = re.compile(r"[A-Za-z0-9_]{1,63}\Z")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d\Z")
KEY_FILE = "secret-key"
LONGEST_PREFIX = 30


class WrongVariableError(ValueError):
    """A variable whose value cannot be used."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name} (its value is not shown): expected {expected}")


@dataclass(frozen=True, slots=True)
class ContainerVariables:
    """`database` is what was asked for, `url` where data is kept. Secrets are not in its text."""

    database: str
    url: URL = field(repr=False)
    prefix: str = field(repr=False)
    secret_key: str = field(repr=False)

    @property
    def is_connected(self) -> bool:
        return self.database in ("sqlite", *CONNECTED)


def read_variables(environ: Mapping[str, str], disk: Path) -> ContainerVariables:
    """Raises WrongVariableError, and OSError where the data volume cannot be written."""
    _check_dump(environ.get("DUMP_URI", ""))
    endpoint = environ.get("DB_ENDPOINT", "")
    own = URL.create("sqlite", database=str(disk / "cd4pe.sqlite"))
    prefix = environ.get("DB_PREFIX", "")
    if prefix and (not NAME.match(prefix) or len(prefix) > LONGEST_PREFIX):
        raise WrongVariableError("DB_PREFIX", f"at most {LONGEST_PREFIX} letters, digits and _")
    if not endpoint:
        return ContainerVariables("sqlite", own, prefix, _secret_key(environ, disk))
    for name in ("DB_USER", "DB_PASS", "PFI_SECRET_KEY"):
        if not environ.get(name):
            raise WrongVariableError(name, "a value, for DB_ENDPOINT is given")
    scheme, _, rest = endpoint.partition("://")
    if scheme == "ddb":
        _check_region(rest, prefix)
        url = own
    elif scheme in PORTS:
        url = _address(endpoint, scheme, environ)
    else:
        expected = "postgresql://HOST[:PORT]/NAME, mysql://HOST[:PORT]/NAME or ddb://REGION"
        raise WrongVariableError("DB_ENDPOINT", expected)
    return ContainerVariables(
        database=scheme,
        url=url if scheme in CONNECTED else own,
        prefix=prefix,
        secret_key=environ["PFI_SECRET_KEY"],
    )


def _address(endpoint: str, scheme: str, environ: Mapping[str, str]) -> URL:
    expected = f"{scheme}://HOST[:PORT]/NAME"
    try:
        parts = urlsplit(endpoint)
        port = parts.port or PORTS[scheme]
    except ValueError:
        raise WrongVariableError("DB_ENDPOINT", expected) from None
    name = parts.path.removeprefix("/")
    if not parts.hostname or parts.username or parts.query or not NAME.match(name):
        raise WrongVariableError("DB_ENDPOINT", expected)
    return URL.create(
        CONNECTED.get(scheme, scheme),
        username=environ["DB_USER"],
        password=environ["DB_PASS"],
        host=parts.hostname,
        port=port,
        database=name,
    )


def _check_region(region: str, prefix: str) -> None:
    if not REGION.match(region):
        raise WrongVariableError("DB_ENDPOINT", "ddb://REGION, such as ddb://us-west-2")
    if prefix:
        raise WrongVariableError("DB_PREFIX", "nothing: DynamoDB is run without it")


def _check_dump(uri: str) -> None:
    """Where job logs and artifacts would go; this service has none, but takes the setting."""
    scheme, separator, rest = uri.partition("://")
    if uri and (scheme not in ("dump", "s3", "disk") or not separator or not rest):
        raise WrongVariableError("DUMP_URI", "dump://HOST:PORT, s3://BUCKET or disk:///PATH")


def _secret_key(environ: Mapping[str, str], disk: Path) -> str:
    """The one that is given, or one of this installation's own, in its data volume."""
    if environ.get("PFI_SECRET_KEY"):
        return environ["PFI_SECRET_KEY"]
    path = disk / KEY_FILE
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text()
