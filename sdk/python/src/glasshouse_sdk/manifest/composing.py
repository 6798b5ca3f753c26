"""A product and its parts, each in a file of its own, made into one manifest.

    [product]
    slug = "controller"
    parts = ["plugins/*/telemetry.toml"]      # relative to this file

    # plugins/pipelines/telemetry.toml
    [part]
    of = "controller"
    name = "pipelines"
    title = "Pipelines"
    owner = "team-pipelines@example.com"
    since = 2                                 # the consent version that it came with
    [event.pipeline_finished]
    ...

A part adds items, and ways to refuse them. What people agreed to (consent, purposes, identities,
the product's switches) is the whole's alone: a part can neither say nor change any of that.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glasshouse_sdk.manifest.documents import parse_document, read_document
from glasshouse_sdk.manifest.model import ManifestError, Problem
from glasshouse_sdk.manifest.places import Places, places_in
from glasshouse_sdk.manifest.reading import TableReader, nearest
from glasshouse_sdk.manifest.vocabulary import PART, TOP_OF_PART

KINDS = ("snapshot", "event")
DOOR_TABLES = ("items", "fields", "identities")


@dataclass(frozen=True, slots=True)
class Composition:
    """The tables of a whole manifest, and in which file and line each of them stands."""

    raw: dict[str, Any]
    places: Places

    @property
    def text(self) -> str:
        """One document that says the same, as it is registered with a server."""
        return json.dumps(self.raw, ensure_ascii=False, indent=1, default=str) + "\n"


@dataclass(frozen=True, slots=True)
class PartFile:
    raw: dict[str, Any]
    facts: Mapping[str, Any]  # its [part], checked
    places: Places


def compose(path: Path) -> Composition:
    """The manifest at `path` with all its parts. Raises `ManifestError` with every conflict."""
    data = read_document(path)
    try:
        raw = parse_document(data)
    except ManifestError as error:
        raise _in_file(error, path) from None
    whole = Composition(raw, places_in(data.decode(), str(path)))
    product = raw.get("product")
    patterns = product.get("parts") if isinstance(product, dict) else None
    if not patterns:
        return whole
    problems: list[Problem] = []
    parts = list(_read_parts(path, patterns, whole, problems))
    for number, part in enumerate(parts):
        problems += _conflicts(whole, part, parts[:number])
    if problems:
        raise ManifestError(tuple(problems))
    return _joined(whole, parts)


def _read_parts(
    path: Path, patterns: Any, whole: Composition, problems: list[Problem]
) -> Iterator[PartFile]:
    where = "product.parts"
    if not isinstance(patterns, list) or not all(isinstance(p, str) and p for p in patterns):
        found, expected = "something else", "a list of files, such as ['plugins/*.toml']"
        problems.append(Problem(where, found, expected, whole.places.of(where)))
        return
    for pattern in patterns:
        found_files = sorted(path.parent.glob(pattern)) if not Path(pattern).is_absolute() else []
        if not found_files:
            expected = "files that are there, relative to the manifest"
            problems.append(Problem(where, f"'{pattern}'", expected, whole.places.of(where)))
        for file in found_files:
            try:
                yield _read_part(file, whole)
            except ManifestError as error:
                problems += error.problems


def _read_part(file: Path, whole: Composition) -> PartFile:
    """One part by itself. Raises `ManifestError` if it says what no part can."""
    data = read_document(file)
    try:
        raw = parse_document(data)
    except ManifestError as error:
        raise _in_file(error, file) from None
    places = places_in(data.decode(), str(file))
    reader = TableReader()
    facts = reader.table(raw.get("part"), PART, "part")
    slug = whole.raw["product"].get("slug")
    if facts["of"] and facts["of"] != slug:
        reader.problem("part.of", f"'{facts['of']}'", f"'{slug}', whose manifest names this file")
    for name in raw:
        if name not in TOP_OF_PART:
            reader.problem(
                name,
                f"[{name}] in a part" + nearest(name, TOP_OF_PART),
                "this in the manifest of the whole; a part has " + ", ".join(TOP_OF_PART),
            )
    for door, table in _tables(raw.get("doors")).items():
        for key in _tables(table):
            if key not in DOOR_TABLES:
                expected = "this in the manifest of the whole; a part has " + ", ".join(DOOR_TABLES)
                reader.problem(f"doors.{door}.{key}", "a key of the whole door", expected)
    problems = [Problem(p.where, p.found, p.expected, places.of(p.where)) for p in reader.problems]
    if problems:
        raise ManifestError(tuple(problems))
    return PartFile(raw, facts, places)


def _conflicts(whole: Composition, part: PartFile, others: list[PartFile]) -> Iterator[Problem]:
    """What this part says that the whole, or a part before it, has said already."""
    for other in others:
        if other.facts["name"] == part.facts["name"]:
            yield _twice("part.name", f"'{part.facts['name']}'", part, other.places)
    sources = [(whole.raw, whole.places), *((other.raw, other.places) for other in others)]
    for raw, places in sources:
        for where in _items(part.raw):
            if where in _items(raw):
                yield _twice(where, "the item", part, places)
        for where, target in _mapped(part.raw).items():
            if _mapped(raw).get(where, target) != target:
                yield _twice(where, f"'{target}'", part, places)
        known = _switch_names(raw)
        for key, where in _switch_names(part.raw).items():
            if key in known:
                found = f"the switch '{key[1]}', which is not the part's to change"
                yield _twice(where, found, part, places, known[key])
    yield from _loosened(whole, part, others)


def _twice(
    where: str, what: str, part: PartFile, other: Places, there: str | None = None
) -> Problem:
    place = other.of(there or where)
    return Problem(where, f"{what}, also in {place}", "it in one of them", part.places.of(where))


def _loosened(whole: Composition, part: PartFile, others: list[PartFile]) -> Iterator[Problem]:
    """Where a part would go around what people agreed to, or around how they refuse."""
    switches = _list(whole.raw.get("switch"))
    covered = {c for s in switches for c in _list(s.get("covers", ["telemetry"]))}
    since = part.facts["since"]
    for where, item in _items(part.raw).items():
        channel = item.get("channel", "telemetry")
        if channel not in covered:
            yield Problem(
                f"{where}.channel",
                f"'{channel}', which no switch of the product turns off",
                "one of " + ", ".join(sorted(map(str, covered))),
                part.places.of(f"{where}.channel"),
            )
        for place, told in _since(where, item):
            if isinstance(told, int) and told < since:
                expected = f"{since} or later, for nobody was told of the part before"
                yield Problem(place, str(told), expected, part.places.of(place))
    foreign = {
        item.get("channel", "telemetry")
        for raw in (whole.raw, *(other.raw for other in others))
        for item in _items(raw).values()
    }
    for number, switch in enumerate(_list(part.raw.get("switch")), 1):
        for channel in _list(switch.get("covers", ["telemetry"])):
            if channel in foreign:
                where = f"switch[{number}].covers"
                found = f"'{channel}', which others send on as well"
                expected = "channels of this part alone"
                yield Problem(where, found, expected, part.places.of(where))


def _joined(whole: Composition, parts: list[PartFile]) -> Composition:
    raw: dict[str, Any] = {**whole.raw}
    raw["product"] = {k: v for k, v in whole.raw["product"].items() if k != "parts"}
    raw["part"] = {}
    places = whole.places
    for part in parts:
        name, facts = part.facts["name"], part.facts
        said = {k: v for k, v in facts.items() if v not in ("", None)}
        raw["part"][name] = {k: v for k, v in said.items() if k not in ("of", "name")}
        origin = {"since": facts["since"], "owner": facts["owner"], "part": name}
        switches, promises = _list(raw.get("switch")), _list(raw.get("promise"))
        places = places.joined(part.places, len(switches), len(promises))
        for table, before in (("switch", switches), ("promise", promises)):
            if part.raw.get(table):
                raw[table] = before + _list(part.raw[table])
        for kind in KINDS:
            items = {n: {**origin, **i} for n, i in _tables(part.raw.get(kind)).items()}
            if items:
                raw[kind] = {**_tables(raw.get(kind)), **items}
        for door, tables in _tables(part.raw.get("doors")).items():
            known = _tables(_tables(raw.get("doors")).get(door))
            merged = {
                name: {**_tables(known.get(name)), **_tables(tables[name])} for name in tables
            }
            raw["doors"] = {**_tables(raw.get("doors")), door: {**known, **merged}}
    return Composition(raw, places)


def _items(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{kind}.{name}": table
        for kind in KINDS
        for name, table in _tables(raw.get(kind)).items()
        if isinstance(table, dict)
    }


def _since(where: str, item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "since" in item:
        yield f"{where}.since", item["since"]
    for name, field in _tables(item.get("fields")).items():
        yield from _since(f"{where}.fields.{name}", _tables(field))


def _mapped(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What each door maps each foreign name to."""
    return {
        f"doors.{door}.{table}.{foreign}": target
        for door, tables in _tables(raw.get("doors")).items()
        for table in DOOR_TABLES
        for foreign, target in _tables(_tables(tables).get(table)).items()
    }


def _switch_names(raw: Mapping[str, Any]) -> dict[tuple[Any, Any], str]:
    """Every name of every switch, the older ones too, and where it stands."""
    return {
        (switch.get("kind"), name): f"switch[{number}]"
        for number, switch in enumerate(_list(raw.get("switch")), 1)
        for name in (switch.get("name"), *_list(switch.get("formerly")))
        if isinstance(name, str)
    }


def _tables(raw: Any) -> dict[str, Any]:
    """The table itself; nothing if it is none, which the parser says later."""
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _in_file(error: ManifestError, path: Path) -> ManifestError:
    return ManifestError(
        tuple(Problem(p.where, p.found, p.expected, str(path)) for p in error.problems)
    )
