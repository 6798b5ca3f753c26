"""The short way for a Segment batch: one call decodes it whole into declared, typed fields.

It serves the batches of server libraries that hold nothing but declared events under their
declared names. Whatever does not fit is left to the long way in `segment.py`, which looks at each
message; so this file knows no reasons, only that something did not fit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from glasshouse.collector.declarations import (
    Declaration,
    Declarations,
    MessageId,
    Text,
    Time,
)
from glasshouse.collector.parcel import Entry
from glasshouse_sdk.manifest import DoorMapping

UNFIT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# Identities that a message itself has a place for; others come as properties.
KNOWN_IDENTITIES = {"instance", "organization", "user"}


class App(msgspec.Struct, gc=False):
    version: str | None = None


class HasApp(msgspec.Struct, gc=False):
    """What every context may hold, whichever way reads it."""

    app: App | None = None


class Context(HasApp, gc=False):
    groupId: str | None = None  # noqa: N815 (Segment's names)


@dataclass(frozen=True, slots=True)
class TypedBatch:
    """A manifest's events as Segment messages: how to decode a batch, and what each type means."""

    decode: Callable[[bytes], Any]
    declarations: Mapping[type, Declaration]

    def entries(self, body: bytes) -> tuple[list[Entry], datetime] | None:
        """The batch's entries and its `sentAt`, or None if anything in it does not fit."""
        try:
            batch = self.decode(body)
        except UNFIT:
            return None
        shared = batch.context
        entries = []
        for message in batch.batch:
            instance = message.userId or message.anonymousId
            if instance is None:
                return None
            declaration = self.declarations[type(message)]
            own = message.context
            entries.append(
                declaration.entry(
                    message.messageId,
                    message.timestamp or batch.sentAt,
                    instance,
                    message.properties,
                    version_of(own) or version_of(shared),
                    _identities(declaration, message, own, shared),
                )
            )
        return entries, batch.sentAt


def typed_batch(declarations: Declarations, mapping: DoorMapping) -> TypedBatch | None:
    """The typed batch of a manifest, or None if its mapping needs the long way."""
    items = list(declarations.by_path.values())
    known = all(KNOWN_IDENTITIES.issuperset(d.item.identities) for d in items)
    if mapping.instance or mapping.identities or mapping.fields or mapping.ci or not known:
        return None
    by_type = {
        _message_type(name, declaration): declaration
        for name, declaration in _names(declarations, mapping).items()
    }
    union: Any = None
    for kind in by_type:
        union = kind if union is None else union | kind
    batch = msgspec.defstruct(
        "TypedBatch",
        [
            ("batch", list[union]),
            ("sentAt", Time),
            ("context", Context | None, None),
        ],
        gc=False,
    )
    return TypedBatch(msgspec.json.Decoder(batch).decode, by_type)


def _names(declarations: Declarations, mapping: DoorMapping) -> dict[str, Declaration]:
    """The event names that mean an item, spelled just so."""
    names = {path.partition(".")[2]: declarations.by_path[path] for path in declarations.by_path}
    mapped = {name: declarations.by_path[path] for name, path in mapping.items.items()}
    return {**names, **mapped}


def _message_type(name: str, declaration: Declaration) -> Any:
    return msgspec.defstruct(
        "Message",
        [
            ("type", Literal["track"]),
            ("messageId", MessageId),
            ("properties", declaration.fields),
            ("timestamp", Time | None, None),
            ("userId", Text | None, None),
            ("anonymousId", Text | None, None),
            ("groupId", Text | None, None),
            ("context", Context | None, None),
        ],
        tag_field="event",
        tag=name,
        gc=False,
    )


def version_of(context: HasApp | None) -> str | None:
    """The product's version, as a message's context tells it."""
    if context is None or context.app is None or not context.app.version:
        return None
    return context.app.version[:64]


def _identities(
    declaration: Declaration, message: Any, own: Context | None, shared: Context | None
) -> dict[str, str] | None:
    declared = declaration.item.identities
    if declared == ("instance",):
        return None
    group = (
        message.groupId or (own.groupId if own else None) or (shared.groupId if shared else None)
    )
    known = {"organization": group, "user": message.userId}
    return {kind: known[kind] for kind in declared if known.get(kind)} or None
