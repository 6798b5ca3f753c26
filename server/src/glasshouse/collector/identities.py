"""Whose an item is: identities that are declared, well-formed, and hashed where they must be."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from glasshouse.collector.reducing import keyed_hash
from glasshouse_sdk.manifest import Identity

Clean = Callable[[str], str | None]
"""From an identity as it came to one that may be stored, or None if it is none."""

# A random identity and a hash need no more characters than these; an e-mail address, a path or a
# name with a space does. What the vendor assigns may be any printable text.
IDENTIFIER = re.compile(r"[0-9A-Za-z_.:{}-]{1,128}\Z")
# Nor is it what names a machine: an IPv4, IPv6 or hardware address, or a host name.
MACHINE = re.compile(
    r"([0-9]{1,3}\.){3}[0-9]{1,3}\Z|([0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\Z"
    r"|([0-9a-z_-]+\.)+[a-z]{2,24}\Z",
    re.IGNORECASE,
)
# Busy instances are looked up, not matched or hashed anew. In memory only, and bounded.
REMEMBERED = 8192


def identity_cleaners(
    product: str, identities: Mapping[str, Identity], server_key: bytes
) -> Mapping[str, Clean]:
    """A cleaner for each declared identity, and for the instance in any case."""
    cleaners = {name: MAKERS["random"](server_key, product, name) for name in ("instance",)}
    for name, identity in identities.items():
        cleaners[name] = MAKERS[identity.made](server_key, product, name)
    return cleaners


def _random(_key: bytes, _product: str, _kind: str) -> Clean:
    @lru_cache(maxsize=REMEMBERED)
    def clean(value: str) -> str | None:
        return value if IDENTIFIER.match(value) and not MACHINE.match(value) else None

    return clean


def _hashed(server_key: bytes, product: str, kind: str) -> Clean:
    return lru_cache(maxsize=REMEMBERED)(keyed_hash(server_key, "identity", product, kind))


def _assigned(_key: bytes, _product: str, _kind: str) -> Clean:
    @lru_cache(maxsize=REMEMBERED)
    def clean(value: str) -> str | None:
        return value if value.isprintable() and value.strip() else None

    return clean


MAKERS: Mapping[str, Callable[[bytes, str, str], Clean]] = {
    "random": _random,
    "keyed-hash": _hashed,
    "assigned": _assigned,
}
