"""The slow path: what is wrong with an item that the compiled types refused.

Undeclared fields are taken out and noted by name; if the rest fits, the item is accepted without
them. Otherwise the first thing that is wrong names the reason.
"""

from collections.abc import Mapping, Sized
from dataclasses import replace
from typing import Any, cast

import msgspec

from glasshouse.collector.declarations import (
    MOST_ENTRIES,
    Declaration,
    Declarations,
    MessageId,
    Text,
    Time,
    VersionText,
    value_type,
)
from glasshouse.collector.parcel import Entry, Undeclared, Verdict
from glasshouse.model import Outcome, Reason
from glasshouse_sdk.manifest import Field

TYPE_WORDS: Mapping[type, str] = {
    str: "text", int: "integer", float: "number", bool: "boolean", list: "list", dict: "object",
    type(None): "null",
}  # fmt: skip
ENTRY_KEYS = ("item", "id", "at", "instance", "fields", "version", "identities")
MOST_NAMES = 10_000
"""The most names that one object may have; none that we know of has a hundredth of it."""
NAMES_LOOKED_AT = 25_000
"""The most names that are looked at one by one in a request: about 40 ms of processor time."""
# What a refused key of an entry is called; a wrong `fields` is looked into instead.
KEY_REASONS = {
    "at": Reason.BAD_TIME,
    "instance": Reason.BAD_IDENTITY,
    "identities": Reason.BAD_IDENTITY,
}
MISSING_REASONS = {"at": Reason.BAD_TIME, "instance": Reason.MISSING_IDENTITY}


class Shell(msgspec.Struct, gc=False):
    """An entry without its fields."""

    id: MessageId
    at: Time
    instance: Text
    version: VersionText | None = None
    identities: dict[str, Text] | None = None


Explained = tuple[Entry | None, Verdict | None, list[Undeclared]]


def explain(raw: Any, declarations: Declarations, *, strict: bool = True) -> Explained:
    """The entry that can be saved, or the verdict; and the undeclared names that were dropped.

    Without `strict`, texts are read as the declared type, for formats that know texts only.
    """
    if not isinstance(raw, dict):
        return None, _rejected(Reason.BAD_SHAPE), []
    path = raw.get("item")
    declaration = declarations.by_path.get(path) if isinstance(path, str) else None
    version = raw.get("version")
    version = version if isinstance(version, str) else None
    if declaration is None:
        return None, replace(_rejected(Reason.UNKNOWN_ITEM), version=version), []
    if len(raw) > MOST_NAMES:
        return None, _rejected(Reason.TOO_LARGE), []
    dropped = [undeclared(key, raw[key]) for key in raw if key not in ENTRY_KEYS]
    entry = {key: raw[key] for key in ENTRY_KEYS if key in raw}
    fields, verdict, inner = declared_fields(
        entry.get("fields"), declaration.item.fields, strict=strict
    )
    dropped += inner
    if verdict is not None:
        return None, replace(verdict, item=declaration.path, version=version), dropped
    try:
        return _converted(declaration, entry, fields, strict=strict), None, dropped
    except (msgspec.ValidationError, ValueError, RecursionError):
        reason = _entry_reason(entry)
        verdict = Verdict(Outcome.REJECTED, reason, None, declaration.path, version=version)
        return None, verdict, dropped


def _converted(
    declaration: Declaration, entry: dict[str, Any], fields: dict[str, Any], *, strict: bool
) -> Any:
    typed = msgspec.convert(fields, declaration.fields, strict=strict)
    shell = msgspec.convert({k: v for k, v in entry.items() if k != "fields"}, Shell)
    return declaration.entry(fields=typed, **msgspec.structs.asdict(shell))


def declared_fields(
    raw: Any, fields: Mapping[str, Field], *, strict: bool
) -> tuple[dict[str, Any], Verdict | None, list[Undeclared]]:
    """The declared fields of `raw`, what is wrong with them, and the undeclared names."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        return {}, _rejected(Reason.BAD_SHAPE), []
    if len(raw) > MOST_NAMES:
        return {}, _rejected(Reason.TOO_LARGE), []
    former = {old: field for field in fields.values() for old in field.was}
    dropped = [undeclared(n, raw[n]) for n in raw if n not in fields and n not in former]
    kept = {}
    for name, field in fields.items():
        value = next((raw[n] for n in (name, *field.was) if raw.get(n) is not None), None)
        if value is None:
            if field.required:
                return {}, _rejected(Reason.MISSING_FIELD, name), dropped
            continue
        if field.type == "group" and isinstance(value, list):
            value, verdict, inner = _declared_records(value, field, strict=strict)
            dropped += inner
            if verdict is not None:
                return {}, verdict, dropped
        try:
            msgspec.convert(value, value_type(field), strict=strict)
        except (msgspec.ValidationError, ValueError, RecursionError):
            reason = Reason.OUT_OF_BOUNDS if _fits_unbounded(value, field) else Reason.WRONG_TYPE
            return {}, _rejected(reason, name, type_word(value)), dropped
        kept[name] = value
    return kept, None, dropped


def _declared_records(
    records: list[Any], field: Field, *, strict: bool
) -> tuple[list[Any], Verdict | None, list[Undeclared]]:
    kept, dropped = [], []
    for record in records:
        fields, verdict, inner = declared_fields(record, field.fields, strict=strict)
        dropped += [Undeclared(f"{field.name}[].{each.name}", each.type) for each in inner]
        if verdict is not None:
            where = f"{field.name}[].{verdict.field}" if verdict.field else field.name
            return [], _rejected(verdict.reason, where, verdict.found), dropped
        kept.append(fields)
    return kept, None, dropped


def _fits_unbounded(value: Any, field: Field) -> bool:
    """Whether the value has the declared type, and only its size or length is wrong."""
    shapes: Mapping[str, tuple[type, ...]] = {
        "integer": (int,), "number": (int, float), "duration": (int, float), "text": (str,),
        "list": (list,), "map": (dict,), "group": (list,),
    }  # fmt: skip
    shape = shapes.get(field.type)
    if shape is None or isinstance(value, bool) or not isinstance(value, shape):
        return False
    if field.type in ("list", "map", "group"):
        return len(cast("Sized", value)) > (field.longest or MOST_ENTRIES)
    return True


def _entry_reason(entry: dict[str, Any]) -> Reason:
    for key, reason in MISSING_REASONS.items():
        if entry.get(key) is None:
            return reason
    for member in msgspec.structs.fields(Shell):
        key = member.name
        if key in entry:
            try:
                msgspec.convert(entry[key], member.type)
            except (msgspec.ValidationError, ValueError, RecursionError):
                return KEY_REASONS.get(key, Reason.BAD_SHAPE)
    return Reason.BAD_SHAPE


def undeclared(name: Any, value: Any) -> Undeclared:
    return Undeclared(str(name), type_word(value))


def type_word(value: Any) -> str:
    """The JSON type of a value, in the words of the manifest."""
    return TYPE_WORDS.get(type(value), "other")


def _rejected(reason: Reason, field: str | None = None, found: str | None = None) -> Verdict:
    return Verdict(Outcome.REJECTED, reason, field, found=found)
