"""The address that a request came from, in memory only: the steps make a place of it."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

LONGEST_ADDRESS = 100


def peer_of(
    client: tuple[str, int] | None, headers: Mapping[str, str], trusted_proxies: frozenset[str]
) -> str | None:
    """The sender's address; a forwarded one only from a proxy that the operator trusts, by its
    address or its network.
    """
    peer = client[0] if client else None
    if peer and "x-forwarded-for" in headers and is_among(peer, trusted_proxies):
        peer = headers["x-forwarded-for"].rpartition(",")[2].strip()
    return plain_address(peer) if peer and len(peer) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def is_among(peer: str, networks: frozenset[str]) -> bool:
    """Whether an address is one of these, or in one of these networks."""
    text = plain_address(peer)
    if text is None:
        return False
    address = ipaddress.ip_address(text)
    return any(address in ipaddress.ip_network(network) for network in networks)


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str | None:
    """An address without port, zone or the IPv6 form of an IPv4 one; None if it is none.

    Remembered, in memory alone: one peer sends many requests.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
