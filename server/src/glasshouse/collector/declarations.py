"""A manifest compiled to msgspec types: one call decodes a whole batch into declared fields only.

An undeclared name, a wrong type or a value outside its bounds fails that call; `explaining.py`
then looks item by item. So the allow-list is the fast path, not a check after it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import Meta

from glasshouse.collector.identities import Clean, identity_cleaners
from glasshouse.collector.reducing import Reduction, attribute_name, reductions, version_check
from glasshouse_sdk.manifest import Field, Item, Manifest

# Names of systems, versions and classes; a path, an address or a mail address is none of them. Four
# numbers are an address if all fit one and any has three digits: versions hardly ever look so.
_OCTET = r"(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_IPV4 = rf"(?=.*[12][0-9][0-9])({_OCTET}\.){{3}}{_OCTET}\Z"
MAP_KEY = rf"^(?![/.~]|.*/.*/|.*::|{_IPV4})[0-9A-Za-z._()/+: -]{{1,64}}\Z"
MOST_ENTRIES = 1000
MOST_ITEMS = 5000

Compiled = TypeVar("Compiled")

Text = Annotated[str, Meta(min_length=1, max_length=256)]
MessageId = Annotated[str, Meta(min_length=1, max_length=128)]
Time = Annotated[datetime, Meta(tz=True)]
VersionText = Annotated[str, Meta(max_length=64)]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared item, compiled. `entry` and `fields` are msgspec struct types."""

    item: Item
    fields: type[msgspec.Struct]
    entry: Callable[..., Any]
    decode_fields: Callable[[bytes], Any]
    reductions: tuple[Reduction, ...]
    addresses: tuple[tuple[str, str], ...]  # fields that the collector fills: name, anonymise
    version_attribute: str | None  # the field that carries the product's version
    former: tuple[tuple[str, str], ...]  # earlier names of fields, each with the one it has now

    @property
    def path(self) -> str:
        return self.item.path


@dataclass(frozen=True, slots=True)
class Declarations:
    """All items of one manifest. `decode` turns a native body into its typed envelope."""

    manifest: Manifest
    by_path: Mapping[str, Declaration]
    by_entry: Mapping[Any, Declaration]
    decode: Callable[[bytes], Any]
    entry: Any  # the union of the entry types, for one item
    clean: Mapping[str, Clean]  # by identity
    plain_version: Callable[[str], str]  # of the product; raises ValueError for what is none
    _by_door: dict[str, Any] = field(default_factory=dict, compare=False)

    def for_door(self, door: str, compile_types: Callable[[], Compiled]) -> Compiled:
        """What a door compiles from these declarations, once."""
        if door not in self._by_door:
            self._by_door[door] = compile_types()
        return cast("Compiled", self._by_door[door])


def compile_declarations(manifest: Manifest, server_key: bytes) -> Declarations:
    """Compile a manifest. `server_key` keys the hashes that this server makes itself."""
    words = manifest.product.version_words
    declared = [_declaration(item, server_key, words) for item in manifest.items.values()]
    entry = _union(declaration.entry for declaration in declared)
    envelope = msgspec.defstruct(
        "Envelope",
        [
            ("items", Annotated[list[entry], Meta(max_length=MOST_ITEMS)]),  # type: ignore[valid-type]
            ("manifest", str | None, None),
            ("client", str | None, None),
            ("origin", Literal["production", "development", "ci"] | None, None),
        ],
        gc=False,
    )
    return Declarations(
        manifest=manifest,
        by_path={declaration.path: declaration for declaration in declared},
        by_entry={declaration.entry: declaration for declaration in declared},
        decode=msgspec.json.Decoder(envelope).decode,
        entry=entry,
        clean=identity_cleaners(manifest.product.slug, manifest.identities, server_key),
        plain_version=version_check(words),
    )


def version_of(declaration: Declaration, entry: Any) -> str | None:
    """The product's version that an item says it is of, in a declared field or beside them."""
    attribute = declaration.version_attribute
    stated = getattr(entry.fields, attribute) if attribute else None
    version: str | None = stated or entry.version
    return version


def _union(types: Iterable[Any]) -> Any:
    union: Any = None
    for each in types:
        union = each if union is None else union | each
    return union


def _declaration(item: Item, server_key: bytes, words: tuple[str, ...]) -> Declaration:
    fields = _struct(f"{item.path}.fields", item.fields)
    entry = msgspec.defstruct(
        item.path.replace(".", "_"),
        [
            ("id", MessageId),
            ("at", Time),
            ("instance", Text),
            ("fields", fields),
            ("version", VersionText | None, None),
            ("identities", dict[str, Text] | None, None),
        ],
        tag_field="item",
        tag=item.path,
        forbid_unknown_fields=True,
        gc=False,
    )
    return Declaration(
        item=item,
        fields=fields,
        entry=entry,
        decode_fields=msgspec.json.Decoder(fields).decode,
        reductions=tuple(reductions(item.fields, server_key, words)),
        addresses=tuple(
            (attribute_name(name), field.anonymise)
            for name, field in item.fields.items()
            if field.type == "address"
        ),
        version_attribute=attribute_name(item.version_field) if item.version_field else None,
        former=tuple((old, f.name) for f in item.fields.values() for old in f.was),
    )


def _struct(name: str, fields: Mapping[str, Field]) -> type[msgspec.Struct]:
    """A struct of declared fields. A null is an absent value; a required one may not be null."""
    ordered = sorted(fields.values(), key=lambda field: not field.required)
    members: list[Any] = []
    renamed: dict[str, str] = {}
    for member in ordered:
        attribute = attribute_name(member.name)
        renamed[attribute] = member.name
        kind = value_type(member)
        members.append((attribute, kind) if member.required else (attribute, kind | None, None))
    return msgspec.defstruct(
        name.replace(".", "_"),
        members,
        rename=renamed.get,
        forbid_unknown_fields=True,
        omit_defaults=True,
        gc=False,
    )


def value_type(field: Field) -> Any:
    """The type that a field's value has on the wire, after what the client does to it."""
    if field.anonymise == "length":
        return Annotated[int, Meta(ge=0)] | Annotated[str, Meta(max_length=65536)]
    return TYPES[field.type](field)


def _number(kind: type) -> Callable[[Field], Any]:
    def typed(field: Field) -> Any:
        low, high = field.minimum, field.maximum
        if kind is int:
            low = -(2**63) if low is None else low
            high = 2**63 - 1 if high is None else high
            return Annotated[int, Meta(ge=int(low), le=int(high))]
        if low is None and high is None:
            return float
        return Annotated[float, Meta(ge=low, le=high)]

    return typed


def _text(field: Field) -> Any:
    return Annotated[str, Meta(max_length=min(field.longest or 1024, 65536))]


def _list(field: Field) -> Any:
    element = TYPES[field.of or "text"](field)
    return Annotated[list[element], Meta(max_length=field.longest or MOST_ENTRIES)]  # type: ignore[valid-type]


def _map(field: Field) -> Any:
    key: Any = Annotated[str, Meta(pattern=MAP_KEY)]
    if field.of in ("enum", "version"):
        key = TYPES[field.of](field)
    count = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    return Annotated[dict[key, count], Meta(max_length=field.longest or MOST_ENTRIES)]


def _group(field: Field) -> Any:
    record = _struct(field.name, field.fields)
    return Annotated[list[record], Meta(max_length=field.longest or MOST_ENTRIES)]  # type: ignore[valid-type]


TYPES: Mapping[str, Callable[[Field], Any]] = {
    "enum": lambda field: Literal[field.values],
    "version": lambda _: VersionText,
    "integer": _number(int),
    "number": _number(float),
    "boolean": lambda _: bool,
    "duration": _number(float),
    "time": lambda _: Time,
    "text": _text,
    "address": lambda _: Annotated[str, Meta(max_length=64)],
    "map": _map,
    "list": _list,
    "group": _group,
}
