"""Whose an item is: identities that are declared, well-formed, and hashed where they must be."""

import re
from collections.abc import Callable

from glasshouse.collector.desk import Desk
from glasshouse.collector.parcel import Entry, Parcel, Verdict
from glasshouse.model import Outcome, Reason
from glasshouse_sdk.manifest import Identity

# A random identity and a hash need no more characters than these; an e-mail address, a path or a
# name with a space does. What the vendor assigns may be any printable text.
Clean = Callable[[str, str], str | None]

IDENTIFIER = re.compile(r"[0-9A-Za-z_.:{}-]{1,128}\Z")


def clean_identities(parcel: Parcel, desk: Desk) -> None:
    """Refuse items with malformed identities, drop undeclared ones, hash what came raw."""
    cleaned: dict[tuple[str, str], str | None] = {}  # a batch names few instances, many times
    if parcel.declarations is None:
        return  # a door that finds the product item by item found none
    declared = parcel.declarations.manifest.identities

    def clean(kind: str, value: str) -> str | None:
        known = (kind, value)
        if known not in cleaned:
            cleaned[known] = _clean(declared.get(kind), parcel.product, kind, value, desk)
        return cleaned[known]

    for place, entry in enumerate(parcel.entries):
        if entry is None:
            continue
        instance = clean("instance", entry.instance)
        if instance is None:
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_IDENTITY))
            continue
        entry.instance = instance
        if entry.identities:
            _clean_others(place, entry, parcel, clean)


def _clean_others(place: int, entry: Entry, parcel: Parcel, clean: Clean) -> None:
    declared = parcel.declaration(entry).item.identities
    kept = {}
    for kind, value in (entry.identities or {}).items():
        if kind not in declared:
            parcel.dropped[place] = (*parcel.dropped.get(place, ()), "identities")
            continue
        text = clean(kind, value)
        if text is None:
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_IDENTITY))
            return
        kept[kind] = text
    entry.identities = kept or None


def _clean(
    identity: Identity | None, product: str, kind: str, value: str, desk: Desk
) -> str | None:
    """The identity as it may be stored, or None if it is none."""
    made = identity.made if identity is not None else "random"
    if made == "keyed-hash":
        return desk.hash_identity(product, kind)(value)
    if made == "assigned":
        return value if value.isprintable() and value.strip() else None
    return value if IDENTIFIER.match(value) else None
