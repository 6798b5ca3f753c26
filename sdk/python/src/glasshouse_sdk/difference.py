"""What one compiled manifest says beyond another, in words for the people concerned.

A change *widens* if more can leave than before. What widens must be told before it is sent: its
`since` must be above the consent version of the old manifest.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Facts = Mapping[str, Any]

# How much of a value is left, from nothing that could be guessed to the value itself.
REVEALS = {"length": 1, "bucket": 2, "keyed-hash": 3, "public-list": 4, "truncate": 5, "": 6}
REVEALS["place"] = 4
NEVER = "9999-12-31"
DAYS = {"day": 1, "month": 30, "year": 365}
WORDS = {"privacy": "privacy statement", "terms": "address of the terms", "contact": "contact"}
# Bounds of a field: what they are called, and whether more can leave when they grow.
BOUNDS = (
    ("minimum", "smallest value", -1),
    ("maximum", "largest value", 1),
    ("longest", "greatest length", 1),
)


class Change:
    """One change in words; `since` is the consent version that tells it, 0 if none needs to."""

    __slots__ = ("since", "text", "widens")

    def __init__(self, text: str, *, widens: bool = False, since: int = 0) -> None:
        self.text = text
        self.widens = widens
        self.since = since

    def as_dict(self) -> dict[str, object]:
        return {"text": self.text, "widens": self.widens, "since": self.since}


def difference(old: Facts, new: Facts) -> tuple[Change, ...]:
    """Every change from the old compiled manifest to the new one, what widens first."""
    changes = [
        *_product(old["product"], new["product"]),
        *_switches(old["switches"], new["switches"]),
        *_items(old, new),
    ]
    return tuple(sorted(changes, key=lambda change: not change.widens))


def untold(old: Facts, new: Facts) -> tuple[Change, ...]:
    """The widening changes that a person who saw the old manifest would not be told of."""
    seen = old["product"]["consent_version"]
    return tuple(c for c in difference(old, new) if c.widens and c.since <= seen)


def difference_text(result: Facts) -> str:
    """The changes (`+` where more can leave) for people to read; `result` as commands print it."""
    if not result["changes"]:
        return "Nothing changes for the people concerned."
    lines = [f"{'+' if c['widens'] else '-'} {c['text']}" for c in result["changes"]]
    if result["untold"]:
        lines.append("")
        lines.append("Widens without being told; raise consent_version and give it as `since`:")
        lines += [f"  {change['text']}" for change in result["untold"]]
    return "\n".join(lines)


def _product(old: Facts, new: Facts) -> Iterator[Change]:
    version = new["consent_version"]
    if old["endpoint"] != new["endpoint"]:
        yield Change(
            f"It is sent to {new['endpoint'] or 'nowhere'}, no longer to "
            f"{old['endpoint'] or 'nowhere'}.",
            widens=bool(new["endpoint"]),
            since=version,
        )
    if old["vendor"] != new["vendor"]:
        text = f"It is sent to {new['vendor']}, no longer to {old['vendor']}."
        yield Change(text, widens=True, since=version)
    if old["default"] != new["default"]:
        text = {
            "on": "It is on unless you refuse; until now you were asked.",
            "ask": "It is off until you agree; until now it was on.",
        }[new["default"]]
        yield Change(text, widens=new["default"] == "on", since=version)
    if old["wire"] != new["wire"]:
        yield Change(f"It leaves in the format '{new['wire']}', no longer '{old['wire']}'.")
    yield from _kept("It", old.get("keep"), new.get("keep"), version)
    if old.get("grace", 0) != new.get("grace", 0):
        hours = new.get("grace", 0) / 3600
        text = f"After the first start, nothing is sent by itself for {hours:g} hours."
        shorter = new.get("grace", 0) < old.get("grace", 0)
        yield Change(text, widens=shorter, since=version)
    for name in ("privacy", "terms", "contact"):
        if old[name] != new[name]:
            yield Change(f"The {WORDS[name]} is {new[name] or 'gone'}, no longer {old[name]}.")


def _kept(what: str, old: str | None, new: str | None, since: int) -> Iterator[Change]:
    """How long it is kept; manifests compiled earlier do not say."""
    if old is not None and new is not None and old != new:
        text = f"{what} is kept for {new}, no longer for {old}."
        yield Change(text, widens=_days(new) > _days(old), since=since)


def _days(span: str) -> int:
    number, unit = span.split()
    return int(number) * DAYS[unit.removesuffix("s")]


def _switches(old: list[Facts], new: list[Facts]) -> Iterator[Change]:
    before = {(s["kind"], name): s for s in old for name in (s["name"], *s["formerly"])}
    after = {(s["kind"], name): s for s in new for name in (s["name"], *s["formerly"])}
    for (kind, name), switch in before.items():
        now = after.get((kind, name))
        if now is None:
            # Who has refused with it would be taken as not having refused.
            yield Change(f"The switch {name} ({kind}) is gone.", widens=True)
            continue
        if now["off"] != switch["off"]:
            text = f"The switch {name} is off for: {now['off']}; until now for: {switch['off']}."
            yield Change(text, widens=True)
        for channel in switch["covers"]:
            if channel not in now["covers"]:
                yield Change(f"The switch {name} no longer covers '{channel}'.", widens=True)
    for (kind, name), switch in after.items():
        if (kind, name) not in before:
            covers = ", ".join(switch["covers"])
            yield Change(f"There is a new switch, {name} ({kind}), for: {covers}.")


def _items(old: Facts, new: Facts) -> Iterator[Change]:
    purposes = new.get("purposes", {})
    for path, item in new["items"].items():
        before = old["items"].get(path)
        if before is None:
            fields = ", ".join(item["fields"]) or "no fields"
            why = purposes.get(item["purpose"], item["purpose"])
            part = new.get("parts", {}).get(item.get("part"))
            of = f" of the part {part['title']}" if part else ""
            text = f"New: {path}{of} with {fields}. {why}"
            yield Change(text, widens=True, since=item["since"])
            continue
        for identity in item["identities"]:
            if identity not in before["identities"]:
                text = f"{path} now says which {identity} it is from."
                yield Change(text, widens=True, since=item["since"])
        if (before["ends"] or NEVER) != (item["ends"] or NEVER):
            text = f"{path} ends on {item['ends']}." if item["ends"] else f"{path} no longer ends."
            later = (item["ends"] or NEVER) > (before["ends"] or NEVER)
            yield Change(text, widens=later, since=item["since"])
        yield from _about(path, before, item, purposes)
        yield from _fields(path, before["fields"], item["fields"])
    for path in old["items"]:
        if path not in new["items"]:
            yield Change(f"{path} is no longer sent.")


def _about(path: str, old: Facts, new: Facts, purposes: Facts) -> Iterator[Change]:
    """What is said of the item as a whole: why, when, by which switch, for how long."""
    since = new["since"]
    if old["purpose"] != new["purpose"]:
        why = purposes.get(new["purpose"], new["purpose"])
        yield Change(f"{path} is collected for another purpose: {why}", widens=True, since=since)
    if old["channel"] != new["channel"]:
        text = f"{path} is turned off with '{new['channel']}', no longer with '{old['channel']}'."
        yield Change(text, widens=True, since=since)
    more = [o for o in new["occasions"] if o not in old["occasions"]]
    if more or len(new["occasions"]) < len(old["occasions"]):
        occasions = ", ".join(new["occasions"]).replace("_", " ") or "when the product decides"
        text = f"{path} is collected at: {occasions}."
        yield Change(text, widens=bool(more), since=since)
    if not old.get("ended") and new.get("ended"):
        yield Change(f"{path} has ended: {new['ended']}. Nobody's is taken from then on.")
    elif old.get("ended") and not new.get("ended"):
        yield Change(f"{path}, which had ended, is sent again.", widens=True, since=since)
    yield from _kept(path, old.get("keep"), new.get("keep"), since)


def _fields(where: str, old: Facts, new: Facts) -> Iterator[Change]:
    renamed = set()
    for name, field in new.items():
        former = next((n for n in field.get("was", ()) if n in old and name not in old), None)
        before = old.get(former or name)
        if former is not None:
            renamed.add(former)
            yield Change(f"{where} calls {name} what it called {former}.")
        if before is None:
            text = f"{where} now also sends {name} ({_kind(field)}). {field['why']}"
            yield Change(text, widens=True, since=field["since"])
        else:
            yield from _field(f"{where}.{name}", before, field)
    for name in old:
        if name not in new and name not in renamed:
            yield Change(f"{where} no longer sends {name}.")


def _field(where: str, old: Facts, new: Facts) -> Iterator[Change]:
    since = new["since"]
    if old["type"] != new["type"] or old.get("of") != new.get("of"):
        text = f"{where} is sent as {_kind(new)}, no longer as {_kind(old)}."
        # A map that says nothing of its keys may hold more than one that does.
        is_narrowed = old["type"] == new["type"] == "map" and not old.get("of")
        yield Change(text, widens=not is_narrowed, since=since)
        return
    way_before, way_now = old.get("anonymise") or "", new.get("anonymise") or ""
    if way_before != way_now:
        text = f"{where} leaves as {way_now or 'it is'}, no longer as {way_before or 'it is'}."
        widens = REVEALS.get(way_now, 6) > REVEALS.get(way_before, 6)
        yield Change(text, widens=widens, since=since)
    for key, what in (("values", "values"), ("public", "names"), ("buckets", "buckets")):
        added = [str(v) for v in new.get(key, ()) if v not in old.get(key, ())]
        gone = [str(v) for v in old.get(key, ()) if v not in new.get(key, ())]
        if added:
            text = f"{where} may have the {what} {', '.join(added)} too."
            yield Change(text, widens=key != "values", since=since)
        if gone:
            yield Change(f"{where} no longer has the {what} {', '.join(gone)}.")
    for key, what, wider in BOUNDS:
        was, now = old.get(key), new.get(key)
        if was != now:
            text = f"{where} has {_bound(now)} as its {what}, no longer {_bound(was)}."
            yield Change(text, widens=_is_wider(was, now, wider), since=since)
    if bool(old.get("required")) != bool(new.get("required")):
        how = "in every item" if new.get("required") else "where it is known"
        yield Change(f"{where} is sent {how}.")
    if not old.get("ended") and new.get("ended"):
        yield Change(f"{where} has ended: {new['ended']}. Nobody's is taken from then on.")
    elif old.get("ended") and not new.get("ended"):
        yield Change(f"{where}, which had ended, is sent again.", widens=True, since=since)
    if (old.get("expires") or NEVER) != (new.get("expires") or NEVER):
        until = f"is sent until {new['expires']}" if new.get("expires") else "no longer expires"
        later = (new.get("expires") or NEVER) > (old.get("expires") or NEVER)
        yield Change(f"{where} {until}.", widens=later, since=since)
    yield from _fields(where, old.get("fields", {}), new.get("fields", {}))


def _bound(value: float | None) -> str:
    return "nothing" if value is None else f"{value:g}"


def _is_wider(old: float | None, new: float | None, wider: int) -> bool:
    """Whether the new bound lets more through; none lets everything through."""
    return new is None or (old is not None and (new - old) * wider > 0)


def _kind(field: Facts) -> str:
    of = f" of {field['of']}" if field.get("of") else ""
    how = f", {field['anonymise']}" if field.get("anonymise") else ""
    return f"{field['type']}{of}{how}"
