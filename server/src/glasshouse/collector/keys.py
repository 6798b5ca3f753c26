"""From a write key to the product that it belongs to."""

import hashlib

from glasshouse.catalogue import Catalogue, Product
from glasshouse.collector.parcel import RefusedError
from glasshouse.model import Origin, Reason


def product_of_key(catalogue: Catalogue, key: str) -> tuple[Product, Origin]:
    """The product and what its items count as. Raises `RefusedError` for a key of no product."""
    found = catalogue.by_key(key) if key else None
    if found is None:
        raise RefusedError(
            Reason.WRONG_KEY,
            "a write key that is not one of this server's" if key else "no write key",
            "the key that 'glasshouse product add' printed",
        )
    return found


def product_of_word(catalogue: Catalogue, door: str, word: str) -> tuple[Product, Origin]:
    """The product of a write key, or of a word by which a manifest says that the door means it.

    So a client that was built with another service's key is moved by its address alone. Raises
    `RefusedError`.
    """
    product = catalogue.by_door_key(door, word)
    return (product, Origin.PRODUCTION) if product is not None else product_of_key(catalogue, word)


def natural_key(*parts: object) -> str:
    """What tells a repeat of an item that came without an id: 32 hex digits made of its content."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(repr(part).encode(errors="surrogatepass") + b"\0")
    return digest.hexdigest()
