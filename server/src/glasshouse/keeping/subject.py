"""Whose items an erasure or an export is about: a product that is here, an identity that it has."""

from glasshouse.keeping.holdings import Holdings


class SubjectError(Exception):
    """Nobody can be meant: what was found, and what is known."""


def check_subject(holdings: Holdings, slug: str, kind: str | None, identity: str | None) -> None:
    """The whole product is meant without a kind and without an identity, never with one of them.

    Raises `SubjectError`: a slip of the pen must pass neither for 'nothing is held' nor, where a
    script left an id empty, for everything.
    """
    product = holdings.catalogue.product(slug)
    if product is None:
        known = ", ".join(p.slug for p in holdings.catalogue) or "none is registered"
        raise SubjectError(f"found the product '{slug}', expected one of: {known}")
    kinds = {"instance", *(k for m in product.manifests.values() for k in m.identities)}
    if kind is not None and kind not in kinds:
        raise SubjectError(
            f"found the identity '{kind}', expected one of: {', '.join(sorted(kinds))}"
        )
    if (kind is None) != (identity is None):
        found = f"the identity '{kind}' without an id" if kind else "an id of no kind of identity"
        raise SubjectError(f"found {found}, expected both, or neither for the whole product")
    if identity is not None and not identity.strip():
        raise SubjectError(f"found an empty id, expected that of the {kind} that is meant")
