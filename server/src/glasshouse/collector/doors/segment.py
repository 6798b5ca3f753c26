"""The Segment door: the HTTP tracking API, as its libraries use it.

Facts that shape it: keys come as Basic user name or as `writeKey` in the body; one of `userId` and
`anonymousId` is null; a batch carries a context for all its messages; clients retry on 429 and
5xx alone, so everything else that is wrong is told once, with 400 or 401.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from glasshouse.collector.declarations import MOST_ITEMS, Declaration, Declarations
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.explaining import Shell, explain
from glasshouse.collector.keys import product_of_key
from glasshouse.collector.parcel import Parcel, RefusedError, Verdict
from glasshouse.collector.replies import STATUSES
from glasshouse.model import Origin, Outcome, Reason
from glasshouse_sdk.manifest import DoorMapping

TYPE_BY_PATH = {"/v1/track": "track", "/v1/page": "page", "/v1/screen": "screen"}
BATCH_PATHS = ("/v1/batch", "/v1/import")
# Messages that tell about a person rather than that something happened. They carry no item.
NO_ITEMS = ("identify", "group", "alias")
NO_MAPPING = DoorMapping(key=None, items={}, fields={}, instance=None)


# `Raw | None` would let msgspec take null alone; an absent part is a null here.
NOTHING = msgspec.Raw(b"null")


class Message(msgspec.Struct, gc=False):
    """What is read of a message; everything else is passed over unread."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    messageId: str | None = None  # noqa: N815 (Segment's names)
    timestamp: Any = None
    userId: str | int | None = None  # noqa: N815
    anonymousId: str | int | None = None  # noqa: N815
    groupId: str | int | None = None  # noqa: N815
    context: msgspec.Raw = NOTHING
    properties: msgspec.Raw = NOTHING


class Batch(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw] | None = None
    writeKey: str | None = None  # noqa: N815
    sentAt: Any = None  # noqa: N815
    context: msgspec.Raw = NOTHING


def _nothing(_: Message) -> str | int | None:
    return None


# What `doors.segment.instance` of a manifest may name; another name is a property.
INSTANCES: Mapping[str, Callable[[Message], str | int | None]] = {
    "userId": lambda message: message.userId,
    "anonymousId": lambda message: message.anonymousId,
    "groupId": lambda message: message.groupId,
}


class App(msgspec.Struct, gc=False):
    version: str | None = None


class Context(msgspec.Struct, gc=False):
    app: App | None = None
    groupId: str | None = None  # noqa: N815


class Segment:
    name = "segment"
    paths = (*BATCH_PATHS, *TYPE_BY_PATH)

    def open(self, parcel: Parcel, desk: Desk) -> None:
        batch = _decode(parcel.body, Batch)
        key = batch.writeKey or _basic_user(parcel.headers.get("authorization", ""))
        product, origin = product_of_key(desk.catalogue, key)
        parcel.product = product.slug
        if parcel.origin is not Origin.SIMULATED:
            parcel.origin = origin
        declarations = desk.declarations(product, None)
        assert declarations is not None  # noqa: S101 (the current manifest is always registered)
        parcel.declarations = declarations
        parcel.sent_at = _time(batch.sentAt)
        if parcel.path in TYPE_BY_PATH:
            messages = [msgspec.Raw(parcel.body)]
        elif batch.batch is None:
            raise RefusedError(Reason.BAD_SHAPE, "no 'batch'", "a list of messages under 'batch'")
        else:
            messages = batch.batch
        if len(messages) > MOST_ITEMS:
            raise RefusedError(
                Reason.TOO_MANY, f"{len(messages)} messages", f"at most {MOST_ITEMS}"
            )
        parcel.received = len(messages)
        parcel.entries = [None] * len(messages)
        translator = Translator(declarations, product.manifest.doors.get(self.name, NO_MAPPING))
        shared = _context(batch.context)
        for place, raw in enumerate(messages):
            translator.translate(parcel, place, raw, shared)

    def answer(self, parcel: Parcel) -> Reply:
        return Reply(200, b'{"success":true}')

    def refuse(self, refused: RefusedError) -> Reply:
        if refused.outcome is Outcome.SUPPRESSED:
            return Reply(200, b'{"success":true}')
        # Segment's clients know 400 for what is too large.
        status = STATUSES.get(refused.reason, 400)
        body = {"success": False, "message": str(refused)}
        return Reply(400 if status == 413 else status, msgspec.json.encode(body))

    def busy(self, status: int, seconds: int) -> Reply:
        headers = {"retry-after": str(seconds), "x-ratelimit-reset": str(seconds)}
        return Reply(status, b'{"success":false,"message":"busy"}', headers=headers)


class Translator:
    """Turns the messages of one request into entries of one product's declarations."""

    def __init__(self, declarations: Declarations, mapping: DoorMapping) -> None:
        self._declarations = declarations
        self._mapping = mapping
        self._paths = item_names(tuple(declarations.by_path), tuple(mapping.items.items()))

    def translate(
        self, parcel: Parcel, place: int, raw: msgspec.Raw, shared: Context | None
    ) -> None:
        try:
            message = msgspec.json.decode(raw, type=Message)
        except msgspec.ValidationError:
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_SHAPE))
            return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_JSON))
            return
        kind = TYPE_BY_PATH.get(parcel.path, message.type or "")
        name = {"track": message.event}.get(kind, kind)
        declaration = self._find(name)
        if declaration is None:
            known = kind in NO_ITEMS
            outcome = Outcome.SUPPRESSED if known else Outcome.REJECTED
            reason = Reason.NOT_TELEMETRY if known else Reason.UNKNOWN_ITEM
            parcel.refuse(place, Verdict(outcome, reason))
            return
        self._fill(parcel, place, message, declaration, shared)

    def _find(self, name: str | None) -> Declaration | None:
        if not name:
            return None
        path = self._paths.get(name) or self._paths.get(plain_name(name))
        return self._declarations.by_path.get(path) if path else None

    def _fill(
        self,
        parcel: Parcel,
        place: int,
        message: Message,
        declaration: Declaration,
        shared: Context | None,
    ) -> None:
        at = _time(message.timestamp) or parcel.received_at
        raw: dict[str, Any] = {
            "item": declaration.path,
            "at": at,
            "instance": self._instance(message),
            "version": self._version(message, shared),
        }
        raw["id"] = (message.messageId or "")[:128] or f"{raw['instance']}:{at.isoformat()}"
        fields = self._typed_fields(message, declaration)
        if fields is not None:
            raw["identities"] = self._identities(message, declaration, {}, shared)
            try:
                shell = msgspec.convert(raw, Shell)
            except msgspec.ValidationError:
                pass  # the slow path says what is wrong
            else:
                parcel.entries[place] = declaration.entry(
                    shell.id, shell.at, shell.instance, fields, shell.version, shell.identities
                )
                return
        properties = self._properties(message, declaration)
        if raw["instance"] is None and self._mapping.instance:
            value = properties.pop(self._mapping.instance.removeprefix("properties."), None)
            raw["instance"] = None if value is None else str(value)
        raw["identities"] = self._identities(message, declaration, properties, shared)
        entry, verdict, dropped = explain({**raw, "fields": properties}, self._declarations)
        if dropped:
            parcel.dropped[place] = dropped
        if verdict is not None:
            parcel.refuse(place, verdict)
        else:
            parcel.entries[place] = entry

    def _typed_fields(self, message: Message, declaration: Declaration) -> Any:
        """The fields if they come under their declared names and fit; None for the slow path."""
        try:
            return declaration.decode_fields(
                b"{}" if message.properties == NOTHING else message.properties
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _properties(self, message: Message, declaration: Declaration) -> dict[str, Any]:
        try:
            raw = msgspec.json.decode(message.properties)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        if not isinstance(raw, dict):
            return {}
        names = field_names(tuple(declaration.item.fields), tuple(self._mapping.fields.items()))
        return {_declared_name(names, name): value for name, value in raw.items()}

    def _instance(self, message: Message) -> str | None:
        wanted = self._mapping.instance
        if wanted is None:
            value = message.userId if message.userId is not None else message.anonymousId
        else:
            value = INSTANCES.get(wanted, _nothing)(message)
        return None if value is None else str(value)

    def _version(self, message: Message, shared: Context | None) -> str | None:
        own = _context(message.context)
        for context in (own, shared):
            if context is not None and context.app is not None and context.app.version:
                return context.app.version[:64]
        return None

    def _identities(
        self,
        message: Message,
        declaration: Declaration,
        properties: dict[str, Any],
        shared: Context | None,
    ) -> dict[str, str] | None:
        """Declared identities: the group is the organization, others come as properties."""
        own = _context(message.context)
        group = message.groupId or (own and own.groupId) or (shared and shared.groupId)
        found: dict[str, Any] = {"organization": group, "user": message.userId}
        identities = {}
        for kind in declaration.item.identities:
            value = properties.pop(kind, None) if kind in properties else found.get(kind)
            if kind != "instance" and value is not None:
                identities[kind] = str(value)
        return identities or None


@lru_cache(maxsize=256)
def item_names(paths: tuple[str, ...], mapped: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Every name by which a message may mean an item: the mapped ones, its own, its path."""
    names = {path.partition(".")[2]: path for path in reversed(paths)}
    names.update({path: path for path in paths})
    names.update(mapped)
    return names


@lru_cache(maxsize=1024)
def field_names(fields: tuple[str, ...], mapped: tuple[tuple[str, str], ...]) -> dict[str, str]:
    names = {plain_name(field): field for field in fields}
    names.update({field: field for field in fields})
    names.update({foreign: field for foreign, field in mapped if field in fields})
    return names


def _declared_name(names: Mapping[str, str], name: str) -> str:
    return names.get(name) or names.get(plain_name(name)) or name


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """'Build Completed', 'buildCompleted' and 'build-completed' are all build_completed."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:128])
    return re.sub(r"[^0-9a-z]+", "_", spaced.lower()).strip("_")


def _decode(body: bytes, kind: type[Batch]) -> Batch:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise RefusedError(Reason.BAD_SHAPE, str(error)[:120], "a Segment message") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Reason.BAD_JSON, f"no JSON ({str(error)[:80]})", "JSON") from None


def _context(raw: msgspec.Raw) -> Context | None:
    try:
        return msgspec.json.decode(raw, type=Context | None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _time(value: Any) -> datetime | None:
    """A time with its zone; anything else counts as no time, as Segment takes it."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _basic_user(header: str) -> str:
    scheme, _, text = header.partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
