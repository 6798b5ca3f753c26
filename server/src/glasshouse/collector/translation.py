"""What a foreign format's names mean for one product, and how its items become entries.

A name that the manifest maps means what the manifest says. Any other means the declared one that is
spelled alike: 'Build Completed', 'buildCompleted' and 'build-completed' are all `build_completed`.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from glasshouse.catalogue import Product
from glasshouse.collector.bodies import too_large
from glasshouse.collector.declarations import MOST_ITEMS, Declaration, Declarations
from glasshouse.collector.desk import Desk
from glasshouse.collector.explaining import MOST_NAMES, NAMES_LOOKED_AT, explain
from glasshouse.collector.parcel import Parcel, RefusedError, Verdict
from glasshouse.model import Origin, Outcome, Reason
from glasshouse_sdk.manifest import DoorMapping

NO_MAPPING = DoorMapping()
MOST_FOREIGN = 2_000_000
"""Bytes of a foreign body once inflated; the formats themselves allow 1 MB and less."""
# What a body that is no JSON of the wanted shape raises in msgspec.
PLAIN = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*\Z")
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Translation:
    """Turns the items of one request into entries of one product's declarations."""

    def __init__(self, parcel: Parcel, desk: Desk, slug: str) -> None:
        """Sets the parcel's product and declarations."""
        product = desk.catalogue.product(slug)
        declarations = desk.declarations(product, None) if product is not None else None
        assert product is not None  # noqa: S101 (the caller has found it)
        assert declarations is not None  # noqa: S101 (the current manifest is always registered)
        parcel.product, parcel.declarations = product.slug, declarations
        self.declarations: Declarations = declarations
        self._names = 0
        self.mapping = door_mapping(product, parcel.door)
        self._paths = item_names(tuple(declarations.by_path), tuple(self.mapping.items.items()))
        self._is_ci = _pattern(self.mapping.ci) if self.mapping.ci else None

    def item(self, name: str | None) -> Declaration | None:
        """The declared item that a foreign name means."""
        if not name or len(name) > LONGEST_NAME:
            return None
        path = self._paths.get(name) or self._paths.get(plain_name(name))
        return self.declarations.by_path.get(path) if path else None

    def field_name(self, declaration: Declaration, name: str) -> str:
        """The declared field that a foreign name means, or the name as it is."""
        if len(name) > LONGEST_NAME:
            return name
        fields, mapped = tuple(declaration.item.fields), tuple(self.mapping.fields.items())
        names = field_names(fields, mapped, declaration.former)
        return names.get(name) or names.get(plain_name(name)) or name

    def fields(self, declaration: Declaration, *sources: Any) -> dict[str, Any]:
        """The values of all sources under their declared names; later sources win."""
        fields: dict[str, Any] = {}
        for source in sources:
            if isinstance(source, dict):
                self._look_at(len(source))
                fields.update(
                    {self.field_name(declaration, name): value for name, value in source.items()}
                )
        return fields

    def _look_at(self, names: int) -> None:
        self._names += names
        if names > MOST_NAMES or self._names > NAMES_LOOKED_AT:
            raise RefusedError(
                Reason.TOO_MANY, f"more than {NAMES_LOOKED_AT} names", "fewer items or properties"
            )

    def declared(self, declaration: Declaration, source: Mapping[str, Any]) -> dict[str, Any]:
        """Those values of a source that are declared, for what a client always sends along."""
        known = declaration.item.fields
        return {n: v for n, v in self.fields(declaration, dict(source)).items() if n in known}

    def reads_paths(self, declaration: Declaration) -> bool:
        """Whether the manifest maps values from inside others, such as `context.os.name`."""
        known = declaration.item.fields
        return any("." in name and field in known for name, field in self.mapping.fields.items())

    def take_identities(
        self, declaration: Declaration, fields: dict[str, Any], known: Mapping[str, Any]
    ) -> dict[str, str] | None:
        """Declared identities out of `fields`, where the manifest or its name says so; else those
        that the format itself knows.
        """
        found = {kind: value for kind, value in known.items() if value is not None}
        for name, kind in self.mapping.identities.items():
            value = fields.pop(name, None)
            if value is not None:
                found[kind] = value
        for kind in declaration.item.identities:
            if kind in fields and kind not in declaration.item.fields:
                value = fields.pop(kind)
                found[kind] = value if value is not None else found.get(kind)
        identities = {
            kind: as_text(found[kind])
            for kind in declaration.item.identities
            if kind != "instance" and found.get(kind) is not None
        }
        return identities or None

    def mark_origin(self, parcel: Parcel, place: int, instance: str | None) -> None:
        """An instance that the manifest says is a run of a CI system does not count as one."""
        if self._is_ci is None or instance is None or parcel.origin is not Origin.PRODUCTION:
            return
        if self._is_ci(instance):
            parcel.origins[place] = Origin.CI

    def admit(self, parcel: Parcel, place: int, raw: dict[str, Any]) -> None:
        """Make an entry of an item that has the keys of a native one, or refuse it."""
        self.mark_origin(parcel, place, raw.get("instance"))
        entry, verdict, dropped = explain(raw, self.declarations)
        if dropped:
            parcel.dropped[place] = dropped
        if verdict is not None:
            parcel.refuse(place, verdict)
        else:
            parcel.entries[place] = entry


def door_mapping(product: Product, door: str) -> DoorMapping:
    return product.manifest.doors.get(door, NO_MAPPING)


@lru_cache(maxsize=256)
def item_names(paths: tuple[str, ...], mapped: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Every name by which a message may mean an item: the mapped ones, its own, its path."""
    names = {path.partition(".")[2]: path for path in reversed(paths)}
    names.update({path: path for path in paths})
    names.update(mapped)
    return names


@lru_cache(maxsize=1024)
def field_names(
    fields: tuple[str, ...],
    mapped: tuple[tuple[str, str], ...],
    former: tuple[tuple[str, str], ...] = (),
) -> dict[str, str]:
    names = {plain_name(old): field for old, field in former}
    names.update(former)
    names.update({plain_name(field): field for field in fields})
    names.update({field: field for field in fields})
    names.update({foreign: field for foreign, field in mapped if field in fields})
    return names


# Names are remembered, so they must not be as long as somebody pleases.
LONGEST_NAME = 128


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """'Build Completed', 'buildCompleted' and 'build-completed' are all build_completed."""
    if PLAIN.match(name):
        return name
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^0-9a-z]+", "_", spaced.lower()).strip("_")


@lru_cache(maxsize=64)
def _pattern(text: str) -> Callable[[str], Any]:
    return re.compile(".*".join(map(re.escape, text.split("*"))) + r"\Z", re.DOTALL).match


def as_text(value: Any) -> str:
    """An identity as text; what is neither text nor whole number is one that no check lets pass."""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 64 else ""  # Python refuses to print huge ones
    return value if isinstance(value, str) else ""


def decode(body: bytes, kind: Any, expected: str) -> Any:
    """The request's JSON as `kind`. Raises `RefusedError`, which never quotes the body."""
    if len(body) > MOST_FOREIGN:
        raise too_large(str(len(body)), MOST_FOREIGN)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise RefusedError(Reason.BAD_SHAPE, "JSON of another shape", expected) from None
    except UNDECODABLE:
        raise RefusedError(Reason.BAD_JSON, "no JSON", expected) from None


def decode_part(raw: msgspec.Raw, kind: Any) -> Any:
    """A part that may be anything, as `kind`; None if it is none."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except UNDECODABLE:
        return None


def make_room(parcel: Parcel, items: int, most: int = MOST_ITEMS) -> None:
    """Say how many items the request holds. Raises `RefusedError` if they are too many."""
    if items > most:
        raise RefusedError(Reason.TOO_MANY, f"{items} items", f"at most {most}")
    parcel.received = items
    parcel.entries = [None] * items


def rejected(reason: Reason) -> Verdict:
    return Verdict(Outcome.REJECTED, reason)


def suppressed(reason: Reason) -> Verdict:
    return Verdict(Outcome.SUPPRESSED, reason)
