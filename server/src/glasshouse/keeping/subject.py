"""Whose items an erasure or an export is about: a product that is here, an identity that it has."""

from glasshouse.keeping.holdings import Holdings


class SubjectError(Exception):
    """Nobody can be meant: what was found, and what is known."""


def check_subject(holdings: Holdings, slug: str, kind: str | None) -> None:
    """Raises `SubjectError`: a slip of the pen must not pass for 'nothing is held'."""
    product = holdings.catalogue.product(slug)
    if product is None:
        known = ", ".join(p.slug for p in holdings.catalogue) or "none is registered"
        raise SubjectError(f"found the product '{slug}', expected one of: {known}")
    kinds = {"instance", *(k for m in product.manifests.values() for k in m.identities)}
    if kind is not None and kind not in kinds:
        raise SubjectError(
            f"found the identity '{kind}', expected one of: {', '.join(sorted(kinds))}"
        )
