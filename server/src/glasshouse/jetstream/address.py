"""Where a NATS cluster is, and how it is used: what GLASSHOUSE_JOURNAL says.

    nats://host1:4222,host2:4222,host3:4222
    tls://user:password@host1,host2,host3/north?partitions=8

The path is the name of this installation in a cluster that several share.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote

PORT = 4222
NAME = "glasshouse"
EXAMPLE = "nats://host1:4222,host2:4222,host3:4222"
_SHAPE = re.compile(
    r"(?P<scheme>nats|tls)://((?P<user>[^:@/?]+)(:(?P<password>[^@/?]*))?@)?"
    r"(?P<hosts>[^@/?]+)(/(?P<name>[a-z0-9_-]{1,32}))?/?(\?(?P<query>.*))?\Z"
)
_HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:([0-9]{1,5}))?\Z")
_NUMBERS = {"partitions": range(1, 257), "replicas": (1, 3, 5)}


class AddressError(ValueError):
    """Not the address of a NATS cluster; the text says what was found and what is expected."""


@dataclass(frozen=True, slots=True)
class Address:
    """`partitions`: streams that records are spread over. `replicas`: copies of every record.

    `name` tells installations apart that share a cluster.
    """

    hosts: tuple[str, ...]  # HOST:PORT
    scheme: str = "nats"
    user: str = ""
    password: str = ""
    name: str = NAME
    partitions: int = 4
    replicas: int = 3

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises `AddressError`."""
        # Some write the scheme before each of the hosts.
        match = _SHAPE.match(re.sub(",(nats|tls)://", ",", text.strip()))
        if match is None:
            raise AddressError(f"found no address of a NATS cluster, expected such as {EXAMPLE}")
        address = cls(
            hosts=tuple(map(_host, match["hosts"].split(","))),
            scheme=match["scheme"],
            user=unquote(match["user"] or ""),
            password=unquote(match["password"] or ""),
            name=match["name"] or NAME,
        )
        numbers = {
            key: _number(key, value)
            for key, value in parse_qsl(match["query"] or "", keep_blank_values=True)
        }
        return replace(
            address,
            partitions=numbers.get("partitions", address.partitions),
            replicas=numbers.get("replicas", address.replicas),
        )

    @property
    def urls(self) -> list[str]:
        """As the client library takes them."""
        user = f"{quote(self.user)}:{quote(self.password)}@" if self.user else ""
        return [f"{self.scheme}://{user}{host}" for host in self.hosts]


def _host(text: str) -> str:
    match = _HOST.match(text.strip())
    if match is None:
        raise AddressError(f"found the host '{text[:80]}', expected such as host1:{PORT}")
    return f"{match[1]}:{match[3] or PORT}"


def _number(key: str, value: str) -> int:
    allowed = _NUMBERS.get(key)
    if allowed is None:
        raise AddressError(f"found '{key[:40]}', expected {' or '.join(_NUMBERS)}")
    if not value.isdecimal() or int(value) not in allowed:
        words = "1 to 256" if key == "partitions" else "1, 3 or 5"
        raise AddressError(f"found {key} '{value[:20]}', expected {words}")
    return int(value)
