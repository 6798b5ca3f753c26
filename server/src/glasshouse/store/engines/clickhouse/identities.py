"""Which surrogate an id has: a number computed from it, so that nobody has to hand them out.

63 bits of a hash: among a hundred million ids of one product the chance that any two share one is
one in two thousand.
"""

import hashlib
from collections.abc import Iterable, Mapping


def surrogate(product: str, kind: str, identity: str) -> int:
    """The number of one id."""
    text = f"{product}\0{kind}\0{identity}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> 1


def surrogates(product: str, kind: str, identities: Iterable[str | None]) -> Mapping[str, int]:
    """Those of many, each computed once."""
    return {
        identity: surrogate(product, kind, identity)
        for identity in set(identities)
        if identity is not None
    }
