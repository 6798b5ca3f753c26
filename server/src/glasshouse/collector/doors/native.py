"""The native door: `POST /v1/telemetry`, a typed receipt for each item."""

import string
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from glasshouse.catalogue.renaming import as_sent
from glasshouse.collector.declarations import MOST_ITEMS, Declarations
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.explaining import NAMES_LOOKED_AT, explain
from glasshouse.collector.keys import product_of_key
from glasshouse.collector.parcel import Parcel, RefusedError, Verdict
from glasshouse.collector.replies import error_reply
from glasshouse.model import Origin, Outcome, Reason

CLOCKS_AGREE = timedelta(seconds=5)
# For an item that needs a closer look; what fits its declaration is bounded by that.
MOST_ITEM_BYTES = 256 * 1024
# Ids of nothing else stand in JSON as they are, as the ids of nearly all clients do.
PLAIN_IN_JSON = (string.ascii_letters + string.digits + "-_.:").encode()
BETWEEN_IDS = '","outcome":"accepted"},{"id":"'
ORIGINS = {"development": Origin.DEVELOPMENT, "ci": Origin.CI}


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one item, for the client that sent it."""

    id: str | None
    outcome: str
    reason: str | None = None
    field: str | None = None
    dropped: list[str] | None = None


class LooseEnvelope(msgspec.Struct, gc=False):
    """The envelope alone, for bodies that the compiled types refuse."""

    items: list[msgspec.Raw]
    manifest: str | None = None
    origin: str | None = None


class Native:
    """The body: protocol/native.schema.json. The answers: docs/reference/doors.md."""

    name = "native"
    routes = (("POST", "/v1/telemetry"),)

    def open(self, parcel: Parcel, desk: Desk) -> None:
        product, origin = product_of_key(desk.catalogue, _bearer(parcel))
        parcel.product = product.slug
        digest = _digest(parcel.body)
        declarations = desk.declarations(product, digest)
        if declarations is None:
            raise RefusedError(
                Reason.UNKNOWN_MANIFEST,
                f"manifest {(digest or '')[:80]}",
                "the digest of a manifest registered for this product",
            )
        parcel.declarations = declarations
        if product.settings.allow is not None:
            allow = as_sent(product.settings.allow, declarations.manifest, product.manifest)
            parcel.notice = {"allow": allow}
        try:
            envelope = declarations.decode(parcel.body)
        except msgspec.ValidationError:
            envelope = _open_one_by_one(parcel, declarations)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _no_json(error) from None
        else:
            parcel.entries = envelope.items
            parcel.received = len(envelope.items)
        if parcel.origin is not Origin.SIMULATED:
            # A client may say that it counts for less than its key, never for more.
            stated = ORIGINS.get(envelope.origin or "")
            parcel.origin = stated if stated and origin is Origin.PRODUCTION else origin
        parcel.sent_at = _sent_at(parcel)

    def answer(self, parcel: Parcel) -> Reply:
        if not (parcel.verdicts or parcel.dropped or parcel.notice) and parcel.entries:
            return Reply(200, _all_accepted([entry.id for entry in parcel.entries if entry]))
        receipts = [
            Receipt(entry.id if entry is not None else None, Outcome.ACCEPTED.value)
            for entry in parcel.entries
        ]
        ids = parcel.ids
        for place, verdict in parcel.verdicts.items():
            receipts[place] = Receipt(
                ids.get(place), verdict.outcome.value, verdict.reason.value, verdict.field
            )
        for place, names in parcel.dropped.items():
            if place not in parcel.verdicts:
                receipts[place] = Receipt(
                    receipts[place].id,
                    Outcome.ACCEPTED.value,
                    dropped=[each.name[:64] for each in names],
                )
        return Reply(200, _encode({"receipts": receipts, **parcel.notice}))

    def refuse(self, refused: RefusedError) -> Reply:
        return error_reply(refused)

    def busy(self, status: int, seconds: int) -> Reply:
        body = _encode({"error": {"reason": "busy", "do": f"try again in {seconds} s"}})
        return Reply(status, body, headers={"retry-after": str(seconds)})


def _all_accepted(ids: list[str]) -> bytes:
    """The receipts of a request that was accepted whole."""
    if "".join(ids).encode(errors="replace").translate(None, PLAIN_IN_JSON):
        ids = [_encode(identity)[1:-1].decode() for identity in ids]
    return b'{"receipts":[{"id":"%b","outcome":"accepted"}]}' % BETWEEN_IDS.join(ids).encode()


def _bearer(parcel: Parcel) -> str:
    scheme, _, token = parcel.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(body: bytes) -> str | None:
    """The manifest's digest: it stands first, so that the rest can be decoded by it at once."""
    start = body.find(b'"manifest"', 0, 256)
    if start < 0:
        return None
    parts = body[start + 10 : start + 256].split(b'"', 2)
    return parts[1].decode(errors="replace") if len(parts) == 3 else None


def _sent_at(parcel: Parcel) -> datetime | None:
    """When the client sent this, by its clock. A header, for the body was frozen before.

    None where the clocks agree but for the way here and the part of a second that a header leaves
    out.
    """
    text = parcel.headers.get("date")
    if text is None:
        return None
    try:
        sent_at = parsedate_to_datetime(text[:40])
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if sent_at.tzinfo is None:
        sent_at = sent_at.replace(tzinfo=UTC)
    return sent_at if abs(parcel.received_at - sent_at) >= CLOCKS_AGREE else None


def _open_one_by_one(parcel: Parcel, declarations: Declarations) -> LooseEnvelope:
    try:
        envelope = msgspec.json.decode(parcel.body, type=LooseEnvelope)
    except msgspec.ValidationError as error:
        raise RefusedError(
            Reason.BAD_SHAPE, str(error)[:120], "an object with a list 'items'"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error) from None
    if len(envelope.items) > MOST_ITEMS:
        raise RefusedError(
            Reason.TOO_MANY, f"{len(envelope.items)} items", f"at most {MOST_ITEMS} in a request"
        )
    parcel.received = len(envelope.items)
    parcel.entries = [None] * parcel.received
    decode = msgspec.json.Decoder(declarations.entry).decode
    names = 0
    for place, raw in enumerate(envelope.items):
        try:
            parcel.entries[place] = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            names += _explain(parcel, place, raw, declarations)
            if names > NAMES_LOOKED_AT:
                raise RefusedError(
                    Reason.TOO_MANY, f"more than {NAMES_LOOKED_AT} names", "fewer items"
                ) from None
    return envelope


def _explain(parcel: Parcel, place: int, raw: msgspec.Raw, declarations: Declarations) -> int:
    """Say what is wrong with an item; the number of names that were looked at."""
    if len(bytes(raw)) > MOST_ITEM_BYTES:
        parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.TOO_LARGE))
        return 0
    try:
        item = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parcel.refuse(place, Verdict(Outcome.REJECTED, Reason.BAD_JSON))
        return 0
    entry, verdict, dropped = explain(item, declarations)
    if isinstance(item, dict) and isinstance(item.get("id"), str):
        parcel.ids[place] = item["id"][:128]
    if dropped:
        parcel.dropped[place] = dropped
    if verdict is not None:
        parcel.refuse(place, verdict)
    else:
        parcel.entries[place] = entry
    fields = item.get("fields") if isinstance(item, dict) else None
    return len(fields) if isinstance(fields, dict) else 1


def _no_json(error: Exception) -> RefusedError:
    return RefusedError(Reason.BAD_JSON, f"no JSON ({str(error)[:80]})", "a JSON object")


_encode = msgspec.json.Encoder().encode
