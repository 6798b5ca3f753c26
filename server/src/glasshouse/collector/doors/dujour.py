"""The dujour door: a check-in that is telemetry, update check and configuration in one exchange.

Facts that shape it: JSON comes labelled as text/plain in Latin-1; the client takes nothing but a
200 with `version`, `newer`, `link` and `product`; the answer's `whitelist` narrows what it collects
from then on; names are spelled with hyphens or underscores; a check for updates alone says which
product and version, but not who, and is no telemetry.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from glasshouse.catalogue import Product
from glasshouse.catalogue.version_order import version_key
from glasshouse.collector.declarations import Declaration
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.explaining import MOST_NAMES
from glasshouse.collector.keys import natural_key
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.replies import error_reply
from glasshouse.collector.times import foreign_time
from glasshouse.collector.translation import (
    Translation,
    as_text,
    decode,
    make_room,
    rejected,
    suppressed,
)
from glasshouse.model import Reason
from glasshouse_sdk.manifest import Field

ANALYTICS = "self-service-analytics"
CHECK_IN = "check-in"  # what `doors.dujour.items` calls the check-in itself
IDENTITIES = {"host_id": "instance", "site_id": "site", "license": "license"}
NOT_FIELDS = ("product", "group", "version", *IDENTITIES)
# What the whitelist calls our types; for the others its client has no word.
DATATYPES: Mapping[str, str] = {
    "enum": "string", "version": "string", "text": "string", "time": "string",
    "integer": "number", "number": "number", "duration": "number", "boolean": "boolean",
    "map": "object[string-number]",
}  # fmt: skip


class Dujour:
    name = "dujour"
    routes = (("POST", "/"), ("POST", "/check-for-updates"))

    def open(self, parcel: Parcel, desk: Desk) -> None:
        sent: dict[str, Any] = decode(_as_utf8(parcel.body), dict[str, Any], "a check-in")
        word = sent.get("product")
        product = desk.catalogue.by_door_key(self.name, word) if isinstance(word, str) else None
        parcel.notice = update_notice(product, sent)
        check_in = CheckIn.of(sent)
        if max(len(check_in.values), len(check_in.metrics)) > MOST_NAMES:
            raise RefusedError(Reason.TOO_MANY, "too many names", f"at most {MOST_NAMES}")
        if not check_in.identities:
            make_room(parcel, 1)
            if product is not None:
                Translation(parcel, desk, product.slug)
            parcel.refuse(0, suppressed(Reason.NOT_TELEMETRY))
            return
        make_room(parcel, 1 + len(check_in.events))
        if product is None:
            for place in range(parcel.received):
                parcel.refuse(place, rejected(Reason.NO_PRODUCT))
            return
        Reading(parcel, Translation(parcel, desk, product.slug), check_in, desk.new_id).read()

    def answer(self, parcel: Parcel) -> Reply:
        """The notice, whatever became of the items: the client knows no other answer."""
        return Reply(200, msgspec.json.encode(parcel.notice))

    def refuse(self, refused: RefusedError) -> Reply:
        return error_reply(refused)

    def busy(self, status: int, seconds: int) -> Reply:
        return Reply(status, b'{"error":"busy"}', headers={"retry-after": str(seconds)})


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A check-in taken apart. Its keys are in their underscore form, metrics as they came."""

    identities: Mapping[str, str]
    version: str | None
    values: Mapping[str, Any]  # the keys beside the analytics
    metrics: Mapping[str, tuple[Any, datetime | None]]
    events: tuple[Any, ...]

    @staticmethod
    def of(sent: Mapping[str, Any]) -> "CheckIn":
        keys = {name.replace("-", "_"): value for name, value in sent.items() if name != ANALYTICS}
        analytics = sent.get(ANALYTICS)
        analytics = analytics if isinstance(analytics, dict) else {}
        snapshots, events = analytics.get("snapshots"), analytics.get("events")
        return CheckIn(
            identities={
                kind: as_text(keys[name])
                for name, kind in IDENTITIES.items()
                if keys.get(name) is not None
            },
            version=as_text(keys.get("version"))[:64] or None,
            values={name: value for name, value in keys.items() if name not in NOT_FIELDS},
            metrics={
                name: (told["value"], foreign_time(told.get("timestamp")))
                for name, told in (snapshots if isinstance(snapshots, dict) else {}).items()
                if isinstance(told, dict) and "value" in told
            },
            events=tuple(events if isinstance(events, list) else ()),
        )


class Reading:
    """Turns one check-in into items: a snapshot for each that has values, and the events."""

    def __init__(
        self, parcel: Parcel, translation: Translation, check_in: CheckIn, new_id: Any
    ) -> None:
        self._parcel = parcel
        self._translation = translation
        self._check_in = check_in
        self._new_id = new_id
        # Dropsonde knows a site and no host.
        wanted = IDENTITIES.get((translation.mapping.instance or "").replace("-", "_"))
        known = check_in.identities
        self._instance = known.get(wanted or "instance") or known.get("site")

    def read(self) -> None:
        snapshots = self._snapshots()
        events = len(self._check_in.events)
        is_empty = not snapshots and not events
        make_room(self._parcel, events + max(len(snapshots), int(is_empty)))
        if is_empty:
            self._parcel.refuse(events, rejected(Reason.UNKNOWN_ITEM))
        for place, event in enumerate(self._check_in.events):
            self._read_event(place, event)
        for place, (declaration, at, fields) in enumerate(snapshots, events):
            if at is None:
                # Of now: who says the same tomorrow says something new.
                self._admit(place, declaration, self._new_id(), self._parcel.received_at, fields)
            else:
                identifier = natural_key(self._instance, declaration.path, at, fields)
                self._admit(place, declaration, identifier, at, fields)

    def _snapshots(self) -> list[tuple[Declaration, datetime | None, dict[str, Any]]]:
        """What the check-in says, by the snapshot that declares it.

        The keys beside the analytics are as of now (None). A metric has a time of its own; a
        snapshot made of metrics alone has that of its newest.
        """
        home = self._home()
        if home is None:
            return []
        values: dict[str, dict[str, Any]] = {home.path: {}}
        times: dict[str, datetime] = {}
        for name, value in self._check_in.values.items():
            values[home.path][self._translation.field_name(home, name)] = value
        for name, (value, at) in self._check_in.metrics.items():
            declaration, field = self._declaring(name, home)
            values.setdefault(declaration.path, {})[field] = value
            if at is not None:
                times[declaration.path] = max(at, times.get(declaration.path, at))
        if self._check_in.values:
            times.pop(home.path, None)
        elif not values[home.path] and (self._check_in.events or len(values) > 1):
            del values[home.path]  # it came for something else, and says nothing of itself
        by_path = self._translation.declarations.by_path
        return [(by_path[path], times.get(path), fields) for path, fields in values.items()]

    def _home(self) -> Declaration | None:
        """The snapshot that the check-in itself is: the mapped one, else the first declared."""
        mapped = self._translation.item(CHECK_IN)
        if mapped is not None:
            return mapped
        return next(self._declared_snapshots(), None)

    def _declaring(self, metric: str, home: Declaration) -> tuple[Declaration, str]:
        """The snapshot that a metric belongs to, and its field there.

        Where several have the field, the metric may say which: `SNAPSHOT.FIELD`.
        """
        for declaration in (home, *self._declared_snapshots()):
            field = self._translation.field_name(declaration, metric)
            if field in declaration.item.fields:
                return declaration, field
        owner, _, name = metric.partition(".")
        named = self._translation.declarations.by_path.get(f"snapshot.{owner}")
        if named is not None and name in named.item.fields:
            return named, name
        return home, self._translation.field_name(home, metric)

    def _declared_snapshots(self) -> Iterator[Declaration]:
        for declaration in self._translation.declarations.by_path.values():
            if declaration.item.kind == "snapshot":
                yield declaration

    def _read_event(self, place: int, event: Any) -> None:
        name = event.get("event") if isinstance(event, dict) else None
        if not isinstance(name, str):
            self._parcel.refuse(place, rejected(Reason.BAD_SHAPE))
            return
        declaration = self._translation.item(name)
        if declaration is None:
            self._parcel.refuse(place, rejected(Reason.UNKNOWN_ITEM))
            return
        at = foreign_time(event.get("timestamp")) or self._parcel.received_at
        told = {k: v for k, v in event.items() if k not in ("event", "timestamp", "metadata")}
        fields = self._translation.fields(declaration, told, event.get("metadata"))
        identifier = natural_key(self._instance, place, name, at, fields)
        self._admit(place, declaration, identifier, at, fields)

    def _admit(
        self,
        place: int,
        declaration: Declaration,
        identifier: str,
        at: datetime,
        fields: dict[str, Any],
    ) -> None:
        known = self._check_in.identities
        raw = {
            "item": declaration.path,
            "id": identifier,
            "at": at,
            "instance": self._instance,
            "version": self._check_in.version,
            "identities": self._translation.take_identities(declaration, fields, known),
            "fields": fields,
        }
        version = declaration.version_attribute and declaration.item.version_field
        if version and self._check_in.version is not None:
            fields.setdefault(version, self._check_in.version)
        self._translation.admit(self._parcel, place, raw)


def _as_utf8(body: bytes) -> bytes:
    """The client writes Latin-1, which is the same as UTF-8 as long as everything is ASCII."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1").encode()
    return body


def update_notice(product: Product | None, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the client is told. Of a product without a known release nothing is newer."""
    own = as_text(sent.get("version"))[:64]
    notice: dict[str, Any] = {
        "version": own,
        "newer": False,
        "link": "",
        "product": as_text(sent.get("product"))[:128],
    }
    if product is None:
        return notice
    release = product.settings.release
    if release is not None:
        notice["version"] = release.version
        notice["newer"] = version_key(release.version) > version_key(own or None)
        notice["link"] = release.link
        if release.message:
            notice["message"] = release.message
    notice["whitelist"] = allowed_metrics(product)
    return notice


def whitelist(desk: Desk) -> Reply:
    """All that the products of this door may collect: who asks does not say which product it is."""
    allowed: dict[str, dict[str, str]] = {}
    for product in desk.catalogue:
        if "dujour" in product.manifest.doors:
            allowed.update(allowed_metrics(product))
    return Reply(200, msgspec.json.encode(allowed))


def allowed_metrics(product: Product) -> dict[str, dict[str, str]]:
    """Declared metrics and events by the names that the client knows, less what is narrowed."""
    allowed: dict[str, dict[str, str]] = {}
    manifest, settings = product.manifest, product.settings
    mapping = manifest.doors["dujour"]
    snapshots = [item for item in manifest.items.values() if item.kind == "snapshot"]
    shared = Counter(name for item in snapshots for name in item.fields)
    for path, item in manifest.items.items():
        if not settings.allows(path):
            continue
        if item.kind == "event":
            for name in _foreign(mapping.items, path, item.name):
                allowed[name] = {"datatype": "event", "description": item.text}
            continue
        for field in item.fields.values():
            datatype = _datatype(field)
            if datatype is not None and settings.allows(f"{path}.{field.name}"):
                names = _foreign(mapping.fields, field.name, field.name)
                if shared[field.name] > 1:  # then a client can say which it means
                    names = (*names, f"{item.name}.{field.name}")
                for name in names:
                    allowed[name] = {"datatype": datatype, "description": field.why}
    return allowed


def _foreign(names: Mapping[str, str], ours: str, otherwise: str) -> tuple[str, ...]:
    return tuple(theirs for theirs, meant in names.items() if meant == ours) or (otherwise,)


def _datatype(field: Field) -> str | None:
    if field.type == "list":
        element = DATATYPES.get(field.of or "")
        return f"array[{element}]" if element else None
    return DATATYPES.get(field.type)
