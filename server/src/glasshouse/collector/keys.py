"""From a write key to the product that it belongs to."""

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
