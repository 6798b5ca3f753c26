"""The Segment door: the HTTP tracking API, as its libraries use it.

Facts that shape it: keys come as Basic user name, as Bearer, or as `writeKey` in the body; one of
`userId` and `anonymousId` is null; a batch carries a context for all its messages; browsers label
JSON as text/plain and post to paths of one letter; clients retry on 429 and 5xx (and one on 410)
alone, so everything else that is wrong is told once, with 400 or 401.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from glasshouse.collector.declarations import Declaration
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.doors.segment_batch import HasApp, typed_batch, version_of
from glasshouse.collector.explaining import Shell
from glasshouse.collector.keys import natural_key, product_of_word
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.replies import STATUSES
from glasshouse.collector.times import corrected, foreign_time
from glasshouse.collector.translation import (
    UNDECODABLE,
    Translation,
    as_text,
    decode,
    decode_part,
    door_mapping,
    make_room,
    rejected,
    suppressed,
)
from glasshouse.model import Origin, Reason

KIND_BY_PATH = {
    "/v1/track": "track",
    "/v1/page": "page",
    "/v1/screen": "screen",
    "/v1/identify": "identify",
    "/v1/group": "group",
    "/v1/alias": "alias",
    "/v1/t": "track",
    "/v1/p": "page",
    "/v1/s": "screen",
    "/v1/i": "identify",
    "/v1/g": "group",
    "/v1/a": "alias",
}
BATCH_PATHS = ("/v1/batch", "/v1/import", "/v1/b")
# Messages that tell about a person rather than that something happened. They carry no item,
# unless the manifest maps them to one; what they tell stands in their traits.
ABOUT_PERSONS = ("identify", "group", "alias")
DONE = b'{"success":true}'
NO_USER = "no_user_anon_id"
# `Raw | None` would let msgspec take null alone; an absent part is a null here.
NOTHING = msgspec.Raw(b"null")


class Message(msgspec.Struct, gc=False):
    """What is read of a message; everything else is passed over unread."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    messageId: str | None = None  # noqa: N815 (Segment's names)
    timestamp: Any = None
    sentAt: Any = None  # noqa: N815
    userId: str | int | None = None  # noqa: N815
    anonymousId: str | int | None = None  # noqa: N815
    groupId: str | int | None = None  # noqa: N815
    context: msgspec.Raw = NOTHING
    properties: msgspec.Raw = NOTHING
    traits: msgspec.Raw = NOTHING


class Batch(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw] | None = None
    writeKey: str | None = None  # noqa: N815
    sentAt: Any = None  # noqa: N815
    context: msgspec.Raw = NOTHING


class Context(HasApp, gc=False):
    groupId: str | int | None = None  # noqa: N815


# What `doors.segment.instance` of a manifest may name; another name is a property.
INSTANCES: Mapping[str, Callable[[Message], Any]] = {
    "userId": lambda message: message.userId,
    "anonymousId": lambda message: message.anonymousId,
    "groupId": lambda message: message.groupId,
}


class Segment:
    name = "segment"
    routes = tuple(("POST", path) for path in (*BATCH_PATHS, *KIND_BY_PATH))

    def open(self, parcel: Parcel, desk: Desk) -> None:
        if parcel.path in BATCH_PATHS and self._open_typed(parcel, desk):
            return
        batch = decode(parcel.body, Batch, "a Segment message or batch")
        key = batch.writeKey or _key_of(parcel.headers.get("authorization", ""))
        product, origin = product_of_word(desk.catalogue, self.name, key)
        if parcel.origin is not Origin.SIMULATED:
            parcel.origin = origin
        parcel.sent_at = foreign_time(batch.sentAt)
        kind = KIND_BY_PATH.get(parcel.path.rstrip("/"))
        if kind is not None:
            messages = [msgspec.Raw(parcel.body)]
        elif batch.batch is None:
            raise RefusedError(Reason.BAD_SHAPE, "no 'batch'", "a list of messages under 'batch'")
        else:
            messages = batch.batch
        reading = Reading(parcel, Translation(parcel, desk, product.slug), batch.context)
        make_room(parcel, len(messages))
        for place, raw in enumerate(messages):
            reading.read(place, raw, kind)

    def _open_typed(self, parcel: Parcel, desk: Desk) -> bool:
        """The short way, for a batch whose key stands in the header and that fits whole."""
        key = _key_of(parcel.headers.get("authorization", ""))
        found = desk.catalogue.by_key(key) if key else None
        if found is None:
            return False
        product, origin = found
        declarations = desk.declarations(product, None)
        assert declarations is not None  # noqa: S101 (the current manifest is always registered)
        typed = declarations.for_door(
            self.name, lambda: typed_batch(declarations, door_mapping(product, self.name))
        )
        opened = typed.entries(parcel.body) if typed is not None else None
        if opened is None:
            return False
        entries, parcel.sent_at = opened
        parcel.product, parcel.declarations = product.slug, declarations
        if parcel.origin is not Origin.SIMULATED:
            parcel.origin = origin
        make_room(parcel, len(entries))
        parcel.entries[:] = entries
        return True

    def answer(self, parcel: Parcel) -> Reply:
        """200 for a batch whatever is in it; a message sent alone hears that it names nobody."""
        verdict = parcel.verdicts.get(0)
        alone = parcel.path.rstrip("/") in KIND_BY_PATH
        if alone and verdict is not None and verdict.reason is Reason.MISSING_IDENTITY:
            return _failed(400, NO_USER)
        return Reply(200, DONE)

    def refuse(self, refused: RefusedError) -> Reply:
        # Segment's clients know 400 for what is too large, and Java's comes back after a 410.
        status = STATUSES.get(refused.reason, 400)
        return _failed(400 if status in (410, 413) else status, str(refused))

    def busy(self, status: int, seconds: int) -> Reply:
        headers = {"retry-after": str(seconds), "x-ratelimit-reset": str(seconds)}
        return Reply(status, b'{"success":false,"message":"busy"}', headers=headers)


class Reading:
    """Reads the messages of one request."""

    def __init__(self, parcel: Parcel, translation: Translation, shared: msgspec.Raw) -> None:
        self._parcel = parcel
        self._translation = translation
        self._shared_raw = shared
        self._shared: Context | None = decode_part(shared, Context | None)

    def read(self, place: int, raw: msgspec.Raw, kind: str | None) -> None:
        parcel = self._parcel
        try:
            message = _decode_message(raw)
        except msgspec.ValidationError:
            parcel.refuse(place, rejected(Reason.BAD_SHAPE))
            return
        except UNDECODABLE:
            parcel.refuse(place, rejected(Reason.BAD_JSON))
            return
        kind = kind or message.type or ""
        declaration = self._translation.item(message.event if kind == "track" else kind)
        if declaration is None:
            about_person = kind in ABOUT_PERSONS
            reason = Reason.NOT_TELEMETRY if about_person else Reason.UNKNOWN_ITEM
            parcel.refuse(place, suppressed(reason) if about_person else rejected(reason))
            return
        self._fill(place, message, kind, declaration)

    def _fill(self, place: int, message: Message, kind: str, declaration: Declaration) -> None:
        own: Context | None = decode_part(message.context, Context | None)
        instance = self._instance(message)
        at = self._at(message)
        raw: dict[str, Any] = {
            "item": declaration.path,
            "at": at,
            "instance": instance,
            "version": version_of(own) or version_of(self._shared),
            "id": (message.messageId or "")[:128]
            or natural_key(instance, declaration.path, at, bytes(message.properties)),
        }
        known = {
            "organization": message.groupId or _group(own) or _group(self._shared),
            "user": message.userId,
        }
        values = message.traits if kind in ABOUT_PERSONS else message.properties
        if self._fill_typed(place, raw, values, declaration, known):
            return
        properties = self._properties(message, values, declaration)
        wanted = self._translation.mapping.instance
        if instance is None and wanted:
            value = properties.pop(
                self._translation.field_name(declaration, wanted.removeprefix("properties.")), None
            )
            raw["instance"] = None if value is None else as_text(value)
        raw["identities"] = self._translation.take_identities(declaration, properties, known)
        self._translation.admit(self._parcel, place, {**raw, "fields": properties})

    def _fill_typed(
        self,
        place: int,
        raw: dict[str, Any],
        values: msgspec.Raw,
        declaration: Declaration,
        known: dict[str, Any],
    ) -> bool:
        """The short way: the values come under their declared names, and all of them fit."""
        if raw["instance"] is None or self._translation.reads_paths(declaration):
            return False
        try:
            fields = declaration.decode_fields(b"{}" if values == NOTHING else values)
            raw["identities"] = self._translation.take_identities(declaration, {}, known)
            shell = msgspec.convert(raw, Shell)
        except (*UNDECODABLE, msgspec.ValidationError):
            return False  # the long way says what is wrong
        self._translation.mark_origin(self._parcel, place, shell.instance)
        self._parcel.entries[place] = declaration.entry(
            shell.id, shell.at, shell.instance, fields, shell.version, shell.identities
        )
        return True

    def _at(self, message: Message) -> Any:
        """The time by the clock that said when the batch was sent, if one did.

        A message may bring its own `sentAt`; then it is corrected here. One without a time happened
        when it was sent.
        """
        parcel = self._parcel
        at = foreign_time(message.timestamp)
        if parcel.sent_at is not None:
            return at or parcel.sent_at
        if at is None:
            return parcel.received_at
        return corrected(at, foreign_time(message.sentAt), parcel.received_at)

    def _instance(self, message: Message) -> str | None:
        wanted = self._translation.mapping.instance
        if wanted is None:
            value = message.userId if message.userId is not None else message.anonymousId
        else:
            read = INSTANCES.get(wanted)
            value = read(message) if read is not None else None
        return None if value is None else as_text(value)

    def _properties(
        self, message: Message, values: msgspec.Raw, declaration: Declaration
    ) -> dict[str, Any]:
        """Declared values of the contexts, the name and the category of a page, the properties."""
        translation = self._translation
        always: dict[str, Any] = {"name": message.name, "category": message.category}
        if translation.reads_paths(declaration):
            for context in (self._shared_raw, message.context):
                flatten(decode_part(context, Any), "context", always)
        always = {name: value for name, value in always.items() if value is not None}
        return {
            **translation.declared(declaration, always),
            **translation.fields(declaration, decode_part(values, Any)),
        }


def flatten(value: Any, path: str, into: dict[str, Any], depth: int = 4) -> None:
    """Nested objects as one with paths for names, such as `context.os.name`."""
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            flatten(inner, f"{path}.{name}", into, depth - 1)
    else:
        into[path] = value


def _group(context: Context | None) -> Any:
    return context.groupId if context is not None else None


def _key_of(header: str) -> str:
    scheme, _, text = header.partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _failed(status: int, message: str) -> Reply:
    return Reply(status, msgspec.json.encode({"success": False, "message": message}))


_decode_message = msgspec.json.Decoder(Message).decode
