"""From a document to a `Manifest`, or to the list of everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from glasshouse_sdk.manifest import vocabulary
from glasshouse_sdk.manifest.browser_reading import read_browser
from glasshouse_sdk.manifest.composing import compose
from glasshouse_sdk.manifest.digest import manifest_digest
from glasshouse_sdk.manifest.documents import parse_document
from glasshouse_sdk.manifest.model import (
    DoorMapping,
    Field,
    Identity,
    Item,
    Manifest,
    ManifestError,
    Part,
    Problem,
    Product,
    Sending,
    Switch,
)
from glasshouse_sdk.manifest.reading import TableReader, nearest, shown
from glasshouse_sdk.manifest.rules import RULES


def read_manifest(path: Path) -> Manifest:
    """Read the manifest at `path` with its parts. Raises `ManifestError` with every problem there
    is, each with its file and line.
    """
    composition = compose(path)
    try:
        return manifest_of(composition.raw)
    except ManifestError as error:
        raise ManifestError(
            tuple(replace(p, at=composition.places.of(p.where)) for p in error.problems)
        ) from None


def parse_manifest(data: bytes | str) -> Manifest:
    """Parse TOML, or a composed manifest. Raises `ManifestError` with every problem there is."""
    return manifest_of(parse_document(data))


def manifest_of(raw: Mapping[str, Any]) -> Manifest:
    """The manifest that these tables make. Raises `ManifestError` with every problem there is."""
    part = raw.get("part")
    if isinstance(part, dict) and isinstance(part.get("of"), str):
        found, expected = (
            f"a part of {shown(part['of'])}",
            "the whole manifest, which names its parts",
        )
        raise ManifestError((Problem("part", found, expected),))
    reader = TableReader()
    for name in raw:
        if name not in vocabulary.TOP:
            reader.problem(
                name,
                "an unknown table" + nearest(name, vocabulary.TOP),
                "one of " + ", ".join(vocabulary.TOP),
            )
    manifest = Manifest(
        product=_product(raw.get("product", {}), reader),
        purposes=_purposes(raw.get("purpose"), reader),
        identities=_identities(raw.get("identity"), reader),
        switches=_switches(raw.get("switch", []), reader),
        promises=_promises(raw.get("promise", []), reader),
        items=MappingProxyType(
            {
                item.path: item
                for kind in ("snapshot", "event")
                for item in _items(kind, raw.get(kind), reader)
            }
        ),
        doors=_doors(raw.get("doors"), reader),
        browser=read_browser(raw.get("browser"), reader),
        parts=_parts(raw.get("part"), reader),
        digest=manifest_digest(raw),
    )
    if not reader.problems:
        for rule in RULES:
            reader.problems.extend(rule(manifest))
    if reader.problems:
        raise ManifestError(tuple(reader.problems))
    return manifest


def _product(raw: object, reader: TableReader) -> Product:
    values = reader.table(raw, vocabulary.PRODUCT, "product")
    if values["parts"]:
        reader.problem(
            "product.parts",
            "parts in other files",
            "a composed manifest, as `glasshouse manifest compose FILE` prints it",
        )
    return Product(**{**values, "send": _sending(values["send"], reader)})


def _sending(text: str | None, reader: TableReader) -> Sending:
    words = (text or "").split()
    if len(words) == 1 and words[0] in ("detached", "next-run", "agent"):
        return Sending(cast("Literal['detached', 'next-run', 'agent']", words[0]))
    if len(words) == 2 and words[0] == "inline" and words[1].endswith("s"):
        try:
            seconds = float(words[1][:-1])
        except ValueError:
            seconds = 0.0
        if 0 < seconds <= 60:
            return Sending("inline", seconds)
    reader.problem(
        "product.send",
        shown(text),
        "'detached', 'next-run', 'agent' or 'inline N s' written as 'inline 7s', at most 60s",
    )
    return Sending("detached")


def _purposes(raw: object, reader: TableReader) -> Mapping[str, str]:
    purposes = {}
    for name, table in reader.tables(raw, "purpose").items():
        reader.name(name, f"purpose.{name}")
        purposes[name] = reader.table(table, vocabulary.PURPOSE, f"purpose.{name}")["text"]
    return MappingProxyType(purposes)


def _expect_known(
    name: str, known: tuple[str, ...], kind: str, where: str, reader: TableReader
) -> None:
    if name not in known:
        found = f"the {kind} '{name}'" + nearest(name, known)
        reader.problem(where, found, "one of " + ", ".join(known))


def _identities(raw: object, reader: TableReader) -> Mapping[str, Identity]:
    identities = {}
    for name, table in reader.tables(raw, "identity").items():
        where = f"identity.{name}"
        _expect_known(name, vocabulary.IDENTITIES, "name", where, reader)
        values = reader.table(table, vocabulary.IDENTITY, where)
        if values["made"] == "keyed-hash" and not values["of"]:
            reader.problem(f"{where}.of", "nothing", "which local value is hashed")
        identities[name] = Identity(name=name, **values)
    return MappingProxyType(identities)


def _switches(raw: object, reader: TableReader) -> tuple[Switch, ...]:
    if not isinstance(raw, list):
        reader.problem("switch", shown(raw), "tables [[switch]]")
        return ()
    switches = []
    for number, table in enumerate(raw, 1):
        values = reader.table(table, vocabulary.SWITCH, f"switch[{number}]")
        values["steps"] = MappingProxyType(dict(values["steps"] or {}))
        switches.append(Switch(**values))
    return tuple(switches)


def _promises(raw: object, reader: TableReader) -> tuple[str, ...]:
    if not isinstance(raw, list):
        reader.problem("promise", shown(raw), "tables [[promise]]")
        return ()
    return tuple(
        reader.table(table, vocabulary.PROMISE, f"promise[{number}]")["text"]
        for number, table in enumerate(raw, 1)
    )


def _items(kind: str, raw: object, reader: TableReader) -> list[Item]:
    items = []
    for name, table in reader.tables(raw, kind).items():
        where = f"{kind}.{name}"
        reader.name(name, where)
        values = reader.table(table, vocabulary.COMPOSED_ITEM, where)
        fields = _fields(values["fields"], where, values["since"], reader)
        items.append(Item(kind=cast("Any", kind), name=name, **{**values, "fields": fields}))
    return items


def _fields(raw: object, where: str, since: int, reader: TableReader) -> Mapping[str, Field]:
    fields = {}
    for name, table in reader.tables(raw, f"{where}.fields").items():
        place = f"{where}.fields.{name}"
        reader.name(name, place)
        values = reader.table(table, vocabulary.FIELD, place)
        values["since"] = values["since"] or since
        values["buckets"] = tuple(values["buckets"] or ())
        values["was"] = tuple(values["was"] or ())
        values["fields"] = _fields(values["fields"], place, values["since"], reader)
        fields[name] = Field(name=name, **values)
    return MappingProxyType(fields)


def _doors(raw: object, reader: TableReader) -> Mapping[str, DoorMapping]:
    doors = {}
    for name, table in reader.tables(raw, "doors").items():
        where = f"doors.{name}"
        _expect_known(name, vocabulary.DOORS, "door", where, reader)
        values = reader.table(table, vocabulary.DOOR, where)
        for part in ("items", "fields", "identities"):
            values[part] = MappingProxyType(dict(values[part] or {}))
        doors[name] = DoorMapping(**values)
    return MappingProxyType(doors)


def _parts(raw: object, reader: TableReader) -> Mapping[str, Part]:
    parts = {}
    for name, table in reader.tables(raw, "part").items():
        reader.name(name, f"part.{name}")
        parts[name] = Part(
            name=name, **reader.table(table, vocabulary.COMPOSED_PART, f"part.{name}")
        )
    return MappingProxyType(parts)
