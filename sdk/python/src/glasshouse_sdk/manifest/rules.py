"""What must hold across the tables of a manifest. Each rule yields the problems it finds."""

import re
from collections.abc import Callable, Iterator
from datetime import date

from glasshouse_sdk.manifest.browser_rules import BROWSER_RULES
from glasshouse_sdk.manifest.model import Field, Item, Manifest, Problem
from glasshouse_sdk.manifest.reading import NAME, nearest
from glasshouse_sdk.manifest.vocabulary import OCCASIONS
from glasshouse_sdk.off import parse_off

Rule = Callable[[Manifest], Iterator[Problem]]

EVERY = re.compile(r"every [1-9][0-9]{0,3}(m|h|d)\Z")
SPAN = re.compile(r"[1-9][0-9]{0,3}(m|h|d)\Z")
RELEASE = re.compile(r"v?[0-9][0-9A-Za-z.+~_-]{0,62}\Z")
KEEP = re.compile(r"[1-9][0-9]{0,4} (day|days|month|months|year|years)\Z")
NUMERIC = ("integer", "number", "duration")
TEXTUAL = ("text",)
KEY_TYPES = (None, "enum", "version", "text")  # what the keys of a map may be
# What fills in itself, and what its field must then look like.
FILLED_IN = {
    "product-version": ("version", "none"),
    "run": ("text", "keyed-hash"),
    "nested": ("boolean", "none"),
    "run-by": ("enum", "none"),
}
RUN_BY = ("person", "ci", "assistant")
READ_BY_CLIENT = ("environment", "file-key", "property")  # switches whose values a client compares


def something_is_declared(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.items:
        yield Problem("event", "no [event.*] and no [snapshot.*]", "at least one declared item")


def purposes_exist(manifest: Manifest) -> Iterator[Problem]:
    for path, item in manifest.items.items():
        if item.purpose not in manifest.purposes:
            yield Problem(
                f"{path}.purpose",
                f"'{item.purpose}'" + nearest(item.purpose, tuple(manifest.purposes)),
                "a declared [purpose.*]: " + (", ".join(manifest.purposes) or "none is declared"),
            )


def identities_exist(manifest: Manifest) -> Iterator[Problem]:
    for path, item in manifest.items.items():
        for identity in item.identities:
            if identity not in manifest.identities:
                yield Problem(
                    f"{path}.identities", f"'{identity}'", f"a declared [identity.{identity}]"
                )


def occasions_are_known(manifest: Manifest) -> Iterator[Problem]:
    for path, item in manifest.items.items():
        for occasion in item.occasions:
            if occasion not in OCCASIONS and not EVERY.match(occasion):
                yield Problem(
                    f"{path}.occasions",
                    f"'{occasion}'" + nearest(occasion, OCCASIONS),
                    "one of " + ", ".join(OCCASIONS) + ", or 'every 24h' (m, h, d)",
                )


def switches_cover_channels(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.switches:
        yield Problem("switch", "no [[switch]]", "at least one way to turn the telemetry off")
        return
    covered = {channel for switch in manifest.switches for channel in switch.covers}
    for channel in manifest.channels:
        if channel not in covered:
            yield Problem("switch", f"no switch covers '{channel}'", "one that names it in covers")
    for number, switch in enumerate(manifest.switches, 1):
        for channel in switch.covers:
            if channel not in manifest.channels and channel != "update-check":
                yield Problem(
                    f"switch[{number}].covers",
                    f"'{channel}'" + nearest(channel, manifest.channels),
                    "a channel of this manifest: " + ", ".join(manifest.channels),
                )
        if switch.kind in ("file-key", "marker-file") and not switch.file:
            yield Problem(f"switch[{number}].file", "nothing", f"the path of the {switch.kind}")
        if switch.kind == "file-key" and not switch.format:
            yield Problem(f"switch[{number}].format", "nothing", "the format of the file")


def off_can_be_obeyed(manifest: Manifest) -> Iterator[Problem]:
    """The client obeys the text that people read, so it must understand it."""
    for number, switch in enumerate(manifest.switches, 1):
        if switch.kind in READ_BY_CLIENT and parse_off(switch.off) is None:
            yield Problem(
                f"switch[{number}].off",
                f"'{switch.off}'",
                "values as '0', '0, false or no', or 'any value but empty and 0'; "
                "a value with blanks in quotes",
            )


def keep_is_a_span(manifest: Manifest) -> Iterator[Problem]:
    spans = [("product.keep", manifest.product.keep)]
    spans += [(f"{p}.keep", i.keep) for p, i in manifest.items.items() if i.keep is not None]
    for where, span in spans:
        if not KEEP.match(span):
            yield Problem(where, f"'{span}'", "a number of days, months or years, as '25 months'")


def dates_are_dates(manifest: Manifest) -> Iterator[Problem]:
    dates = [(f"{p}.starts", i.starts) for p, i in manifest.items.items()]
    dates += [(f"{p}.ends", i.ends) for p, i in manifest.items.items()]
    dates += [(f"{where}.expires", field.expires) for where, field in all_fields(manifest)]
    for where, text in dates:
        if text is None:
            continue
        try:
            date.fromisoformat(text)
        except ValueError:
            yield Problem(where, f"'{text}'", "a date as 2027-06-30")


def trials_end_after_they_start(manifest: Manifest) -> Iterator[Problem]:
    for path, item in manifest.items.items():
        if item.starts is not None and item.ends is None:
            yield Problem(f"{path}.ends", "nothing", "the last day of what has a first one")
        elif item.starts is not None and item.ends is not None and item.ends < item.starts:
            yield Problem(f"{path}.ends", f"'{item.ends}'", f"a day from {item.starts} on")


def consent_versions_fit(manifest: Manifest) -> Iterator[Problem]:
    newest = manifest.product.consent_version
    for path, item in manifest.items.items():
        if not 1 <= item.since <= newest:
            yield Problem(
                f"{path}.since", str(item.since), f"1 to product.consent_version, now {newest}"
            )
    for where, field in all_fields(manifest):
        if not 1 <= field.since <= newest:
            yield Problem(
                f"{where}.since", str(field.since), f"1 to product.consent_version, now {newest}"
            )


def names_differ_beyond_case(manifest: Manifest) -> Iterator[Problem]:
    """The store's column names do not tell upper from lower case."""
    for path, item in manifest.items.items():
        yield from _clashes(f"{path}.fields", tuple(item.fields))
    yield from _clashes("items", tuple(manifest.items))


def _clashes(where: str, names: tuple[str, ...]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            yield Problem(f"{where}.{name}", f"also '{other}'", "names that differ beyond case")


def fields_fit_their_type(manifest: Manifest) -> Iterator[Problem]:
    for where, field in all_fields(manifest):
        yield from _field_problems(where, field)


def _field_problems(where: str, field: Field) -> Iterator[Problem]:
    if field.type == "enum" and not field.values:
        yield Problem(f"{where}.values", "nothing", "the values that the enum has")
    if field.values and field.type != "enum" and field.of != "enum":
        yield Problem(f"{where}.values", "values", f"none for the type '{field.type}'")
    if field.type == "list" and not field.of:
        yield Problem(f"{where}.of", "nothing", "the type of the list's elements")
    if field.of == "enum" and not field.values:
        yield Problem(f"{where}.values", "nothing", "the values that an element may have")
    if field.type == "group" and not field.fields:
        yield Problem(f"{where}.fields", "nothing", "the fields of one record of the group")
    if field.fields and field.type != "group":
        yield Problem(f"{where}.fields", "fields", f"none for the type '{field.type}'")
    free_text = field.type in TEXTUAL or field.of == "text"
    if free_text and field.anonymise not in ("keyed-hash", "length", "public-list"):
        yield Problem(
            f"{where}.anonymise",
            f"'{field.anonymise}' for free text",
            "keyed-hash, length or public-list (rule 6: no free text reaches a disk)",
        )
    if field.anonymise == "public-list" and not field.public:
        yield Problem(f"{where}.public", "nothing", "the names that may be sent")
    if field.type == "address" and field.anonymise not in ("place", "truncate", "none"):
        yield Problem(f"{where}.anonymise", f"'{field.anonymise}'", "place, truncate or none")
    if field.anonymise in ("place", "truncate") and field.type != "address":
        yield Problem(f"{where}.anonymise", f"'{field.anonymise}'", "that for an address only")
    if field.anonymise == "bucket" and not _ascends(field.buckets):
        yield Problem(f"{where}.buckets", f"{field.buckets}", "ascending lower bounds")
    if field.anonymise == "bucket" and field.type not in NUMERIC:
        yield Problem(f"{where}.anonymise", "'bucket'", "that for a number only")
    if field.means and (field.type, field.anonymise) != FILLED_IN[field.means]:
        kind, way = FILLED_IN[field.means]
        expected = f"the type '{kind}'" + (f" with anonymise = '{way}'" if way != "none" else "")
        yield Problem(f"{where}.means", f"'{field.means}' for the type '{field.type}'", expected)
    if field.means == "run-by" and not set(field.values) <= set(RUN_BY):
        yield Problem(f"{where}.values", ", ".join(field.values), "of " + ", ".join(RUN_BY))
    if field.type == "map" and (
        field.of not in KEY_TYPES or field.anonymise not in ("none", "keyed-hash", "public-list")
    ):
        yield Problem(
            where,
            f"a map of '{field.of}' with anonymise = '{field.anonymise}'",
            "keys of = 'enum', 'version' or 'text', anonymised by keyed-hash or public-list",
        )
    low, high = field.minimum, field.maximum
    if low is not None and high is not None and low > high:
        yield Problem(f"{where}.minimum", f"{low:g}", f"at most the maximum, {high:g}")
    if field.unit and field.type not in (*NUMERIC, "map", "list"):
        yield Problem(f"{where}.unit", f"'{field.unit}'", "a unit for a number only")


def parts_are_there(manifest: Manifest) -> Iterator[Problem]:
    for path, item in manifest.items.items():
        if item.part is not None and item.part not in manifest.parts:
            known = ", ".join(manifest.parts) or "none is declared"
            yield Problem(f"{path}.part", f"'{item.part}'", f"a declared [part.*]: {known}")


def spans_are_spans(manifest: Manifest) -> Iterator[Problem]:
    product = manifest.product
    for where, span in (("product.grace", product.grace), ("product.spread", product.spread)):
        if span is not None and not SPAN.match(span):
            yield Problem(where, f"'{span}'", "minutes, hours or days, as '30m', '24h' or '7d'")


def renames_are_clear(manifest: Manifest) -> Iterator[Problem]:
    """An earlier name means one field and no other, in this item and in its store."""
    for path, item in manifest.items.items():
        taken = {name.lower(): name for name in item.fields}
        for field in item.fields.values():
            for former in field.was:
                where = f"{path}.fields.{field.name}.was"
                other = taken.setdefault(former.lower(), field.name)
                if not NAME.match(former):
                    yield Problem(where, f"'{former}'", "the name of a field")
                elif other != field.name or former.lower() == field.name.lower():
                    yield Problem(where, f"'{former}'", f"another name than '{other}' has")
            for inner_where, inner in _fields_below(f"{path}.fields.{field.name}", field):
                if inner.was or inner.ended:
                    found = "was" if inner.was else "ended"
                    expected = "it for the group as a whole; its fields are neither"
                    yield Problem(f"{inner_where}.{found}", f"'{found}' in a group", expected)


def ends_are_releases_or_days(manifest: Manifest) -> Iterator[Problem]:
    ends = [(f"{path}.ended", i.ended) for path, i in manifest.items.items()]
    ends += [(f"{where}.ended", field.ended) for where, field in all_fields(manifest)]
    for where, text in ends:
        if text is not None and not RELEASE.match(text):
            yield Problem(where, f"'{text}'", "a release as '2.0' or a day as '2027-06-30'")
    for where, field in all_fields(manifest):
        if field.ended is not None and field.required:
            yield Problem(f"{where}.required", "true for what has ended", "false, or no 'ended'")


def _ascends(bounds: tuple[float, ...]) -> bool:
    numbers = all(isinstance(b, int | float) for b in bounds)
    return bool(bounds) and numbers and list(bounds) == sorted(set(bounds))


def doors_lead_somewhere(manifest: Manifest) -> Iterator[Problem]:
    for door, mapping in manifest.doors.items():
        for foreign, path in mapping.items.items():
            if path not in manifest.items:
                yield Problem(
                    f"doors.{door}.items.{foreign}",
                    f"'{path}'" + nearest(path, tuple(manifest.items)),
                    "an item of this manifest, such as " + next(iter(manifest.items), "event.x"),
                )
        known = {name for item in manifest.items.values() for name in item.fields}
        for foreign, name in mapping.fields.items():
            if name not in known:
                yield Problem(
                    f"doors.{door}.fields.{foreign}",
                    f"'{name}'" + nearest(name, tuple(known)),
                    "a field of this manifest",
                )
        for foreign, name in mapping.identities.items():
            if name not in manifest.identities:
                yield Problem(
                    f"doors.{door}.identities.{foreign}",
                    f"'{name}'" + nearest(name, tuple(manifest.identities)),
                    "an identity of this manifest",
                )


def reports_say_their_source(manifest: Manifest) -> Iterator[Problem]:
    """The percona format names no item: all but that of `report` are told by the field `source`."""
    door = manifest.doors.get("percona")
    named = door.items if door else {}
    for foreign, path in named.items():
        item = manifest.items.get(path)
        if foreign == "report" or item is None or door is None:
            continue
        field = item.fields.get(door.fields.get("source", "source"))
        names = {name for name, other in named.items() if other == path}
        if (
            field is None
            or not field.required
            or not set(field.values)
            or set(field.values) - names
        ):
            yield Problem(
                f"doors.percona.items.{foreign}",
                f"'{path}', of which a report does not say by its source that it is one",
                f"a required field 'source' in it, an enum of {', '.join(sorted(names))}",
            )


def all_fields(manifest: Manifest) -> Iterator[tuple[str, Field]]:
    """Every field with its place, those of groups after the group that holds them."""
    for path, item in manifest.items.items():
        yield from _fields_below(path, item)


def _fields_below(where: str, holder: Item | Field) -> Iterator[tuple[str, Field]]:
    for name, field in holder.fields.items():
        place = f"{where}.fields.{name}"
        yield place, field
        yield from _fields_below(place, field)


RULES: tuple[Rule, ...] = (
    something_is_declared,
    purposes_exist,
    identities_exist,
    occasions_are_known,
    switches_cover_channels,
    off_can_be_obeyed,
    keep_is_a_span,
    dates_are_dates,
    trials_end_after_they_start,
    consent_versions_fit,
    names_differ_beyond_case,
    fields_fit_their_type,
    parts_are_there,
    spans_are_spans,
    renames_are_clear,
    ends_are_releases_or_days,
    doors_lead_somewhere,
    reports_say_their_source,
    *BROWSER_RULES,
)
