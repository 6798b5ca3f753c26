"""The Amplitude door: the HTTP V2 API and its batch twin.

Facts that shape it: the key is in the body; some clients send seconds where milliseconds are due,
no insert id and no device id, and an empty list of events after somebody opted out; a 400 lists
the events that are wrong, and libraries drop those and send the others again, so what was right is
taken at once and known as a repeat when it comes back.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from glasshouse.collector.declarations import Declaration
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.keys import natural_key, product_of_word
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.times import foreign_time
from glasshouse.collector.translation import (
    UNDECODABLE,
    Translation,
    as_text,
    decode,
    make_room,
    rejected,
    suppressed,
)
from glasshouse.model import Origin, Reason

MOST_EVENTS = 2000
# Events about a person or a group rather than about what happened; no item, unless mapped to one.
ABOUT_PERSONS = ("$identify", "$groupidentify")
ALWAYS = (
    "platform", "os_name", "os_version", "app_version", "device_model", "device_brand",
    "device_manufacturer", "language", "session_id", "event_id", "library", "start_version",
)  # fmt: skip
"""Attributes beside the properties that may be declared; others are passed over unread."""
STATUSES: Mapping[Reason, tuple[int, str]] = {
    Reason.WRONG_KEY: (400, "Invalid API key"),
    Reason.TOO_LARGE: (413, "Payload too large"),
    Reason.TOO_MANY: (413, "Payload too large"),
}


class Event(msgspec.Struct, gc=False):
    """What is read of an event. Nothing has its type yet: each wrong one is told by its name."""

    event_type: Any = None
    user_id: Any = None
    device_id: Any = None
    time: Any = None
    insert_id: Any = None
    event_properties: Any = None
    user_properties: Any = None
    groups: Any = None
    app_version: Any = None
    platform: Any = None
    os_name: Any = None
    os_version: Any = None
    device_model: Any = None
    device_brand: Any = None
    device_manufacturer: Any = None
    language: Any = None
    session_id: Any = None
    event_id: Any = None
    library: Any = None
    start_version: Any = None


class Options(msgspec.Struct, gc=False):
    min_id_length: int = 1


class Upload(msgspec.Struct, gc=False):
    api_key: str
    events: list[msgspec.Raw]
    options: Options | None = None


class Amplitude:
    name = "amplitude"
    routes = (("POST", "/2/httpapi"), ("POST", "/batch"))

    def open(self, parcel: Parcel, desk: Desk) -> None:
        upload = decode(parcel.body, Upload, "an object with 'api_key' and a list 'events'")
        product, origin = product_of_word(desk.catalogue, self.name, upload.api_key)
        if parcel.origin is not Origin.SIMULATED:
            parcel.origin = origin
        reading = Reading(parcel, Translation(parcel, desk, product.slug), upload.options)
        make_room(parcel, len(upload.events), MOST_EVENTS)
        size = len(parcel.body)
        for place, raw in enumerate(upload.events):
            reading.read(place, raw)
        parcel.notice = {"size": size, "wrong": reading.wrong}

    def answer(self, parcel: Parcel) -> Reply:
        wrong: dict[str, dict[str, list[int]]] = parcel.notice["wrong"]
        if wrong:
            return _error(400, "Invalid events", **wrong)
        body = {
            "code": 200,
            "events_ingested": parcel.received,
            "payload_size_bytes": parcel.notice["size"],
            "server_upload_time": int(parcel.received_at.timestamp() * 1000),
        }
        return Reply(200, msgspec.json.encode(body))

    def refuse(self, refused: RefusedError) -> Reply:
        status, error = STATUSES.get(refused.reason, (400, str(refused)))
        return _error(status, error)

    def busy(self, status: int, seconds: int) -> Reply:
        if status == 429:
            reply = _error(
                429,
                "Too many requests for some devices and users",
                eps_threshold=0,
                throttled_devices={},
                throttled_users={},
                throttled_events=[],
            )
        else:
            reply = _error(status, "Service unavailable")
        return Reply(reply.status, reply.body, headers={"retry-after": str(seconds)})


class Reading:
    """Reads the events of one upload. `wrong` is what a 400 lists: kind, attribute, places."""

    def __init__(self, parcel: Parcel, translation: Translation, options: Options | None) -> None:
        self._parcel = parcel
        self._translation = translation
        self._shortest = options.min_id_length if options is not None else 1
        self._equal: Counter[str] = Counter()
        self.wrong: dict[str, dict[str, list[int]]] = {}

    def read(self, place: int, raw: msgspec.Raw) -> None:
        parcel = self._parcel
        try:
            event = _decode_event(raw)
        except UNDECODABLE:
            self._note("events_with_invalid_fields", "event", place)
            parcel.refuse(place, rejected(Reason.BAD_SHAPE))
            return
        for kind, attribute, reason in self._problems(event):
            self._note(kind, attribute, place)
            parcel.refuse(place, rejected(reason))
        if place in parcel.verdicts:
            return
        declaration = self._translation.item(event.event_type)
        if declaration is None:
            about_person = event.event_type in ABOUT_PERSONS
            reason = Reason.NOT_TELEMETRY if about_person else Reason.UNKNOWN_ITEM
            parcel.refuse(place, suppressed(reason) if about_person else rejected(reason))
            return
        self._fill(place, event, declaration)

    def _problems(self, event: Event) -> Iterator[tuple[str, str, Reason]]:
        """What Amplitude itself calls missing or invalid: kind, attribute, and our reason."""
        missing, invalid = "events_with_missing_fields", "events_with_invalid_fields"
        if event.event_type is None or event.event_type == "":
            yield missing, "event_type", Reason.BAD_SHAPE
        elif not isinstance(event.event_type, str):
            yield invalid, "event_type", Reason.BAD_SHAPE
        identifiers = {"user_id": event.user_id, "device_id": event.device_id}
        present = {name: value for name, value in identifiers.items() if value not in (None, "")}
        if not present:
            yield missing, "device_id", Reason.MISSING_IDENTITY
        for name, value in present.items():
            if not isinstance(value, str | int) or isinstance(value, bool):
                yield invalid, name, Reason.BAD_IDENTITY
            elif len(as_text(value)) < self._shortest:
                yield "events_with_invalid_id_lengths", name, Reason.BAD_IDENTITY
        if event.time is not None and foreign_time(event.time) is None:
            yield invalid, "time", Reason.BAD_TIME
        for name in ("event_properties", "user_properties", "groups"):
            if not isinstance(getattr(event, name), dict | None):
                yield invalid, name, Reason.BAD_SHAPE

    def _note(self, kind: str, attribute: str, place: int) -> None:
        self.wrong.setdefault(kind, {}).setdefault(attribute, []).append(place)

    def _fill(self, place: int, event: Event, declaration: Declaration) -> None:
        translation = self._translation
        always = {name: getattr(event, name) for name in ALWAYS}
        always = {name: value for name, value in always.items() if value is not None}
        about = _about(event.user_properties)
        fields = translation.fields(declaration, about, event.event_properties)
        fields = {**translation.declared(declaration, always), **fields}
        instance = self._instance(event, fields, declaration)
        at: datetime = foreign_time(event.time) or self._parcel.received_at
        groups = event.groups or {}
        known = {
            **{kind: value for kind, value in groups.items() if isinstance(value, str | int)},
            "user": event.user_id,
            "device": event.device_id,
        }
        identifier = as_text(event.insert_id)[:128] or self._natural_id(instance, event)
        raw = {
            "item": declaration.path,
            "id": identifier,
            "at": at,
            "instance": instance,
            "version": as_text(event.app_version)[:64] or None,
            "identities": translation.take_identities(declaration, fields, known),
            "fields": fields,
        }
        translation.admit(self._parcel, place, raw)

    def _natural_id(self, instance: str | None, event: Event) -> str:
        """An id made of the content; equal events of one upload are told apart by their order,
        which stays as it is when a library drops wrong events and sends the others again.
        """
        content = natural_key(
            instance, event.event_type, event.time, event.session_id, event.event_id,
            event.event_properties,
        )  # fmt: skip
        self._equal[content] += 1
        return natural_key(content, self._equal[content])

    def _instance(
        self, event: Event, fields: dict[str, Any], declaration: Declaration
    ) -> str | None:
        """The value that the manifest names, else the device, else the user."""
        wanted = self._translation.mapping.instance
        if wanted in ("user_id", "device_id"):
            value = getattr(event, wanted)
        elif wanted is not None:
            value = fields.pop(self._translation.field_name(declaration, wanted), None)
        else:
            value = event.device_id if event.device_id not in (None, "") else event.user_id
        return None if value is None else as_text(value)


def _about(user_properties: Any) -> dict[str, Any]:
    """Properties of the user as they are after the operations that set them."""
    about: dict[str, Any] = {}
    for name, value in (user_properties or {}).items():
        if not name.startswith("$"):
            about[name] = value
        elif name in ("$set", "$setOnce") and isinstance(value, dict):
            about.update(value)
    return about


def _error(code: int, error: str, **more: Any) -> Reply:
    return Reply(code, msgspec.json.encode({"code": code, "error": error, **more}))


_decode_event = msgspec.json.Decoder(Event).decode
