"""The beacon door: data in the address of a picture or a script that a browser asks for.

For servers whose only way out is an administrator's browser. The data is one item or a native
batch, as JSON: base64 (either alphabet, gzip inside if it pays) or percent-encoded, as the whole
query or as its parameter `data`. A browser may ask twice for the same page, so the content tells
a repeat. Whatever happens, the answer is something that the browser can show.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from glasshouse.collector.bodies import inflate
from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.keys import natural_key, product_of_word
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.replies import STATUSES
from glasshouse.collector.times import foreign_time
from glasshouse.collector.translation import (
    Translation,
    as_text,
    decode,
    make_room,
    rejected,
)
from glasshouse.model import Origin, Outcome, Reason

LONGEST_QUERY = 32_768
MOST_PARAMETERS = 100
REPORT = "report"  # what `doors.beacon.items` calls a report that does not name its item
NO_PARAMETERS = re.compile(rb"[A-Za-z0-9+/_%-]+={0,2}\Z")
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
GZIP = b"\x1f\x8b"


class Beacon:
    name = "beacon"
    routes = (("GET", "/beacon.gif"), ("GET", "/usage-stats.js"))

    def open(self, parcel: Parcel, desk: Desk) -> None:
        word, text = _parts(parcel.query)
        parcel.query = ""
        data = _data(text)
        sent: dict[str, Any] = decode(data, dict[str, Any], "a report as an object")
        words = (word, sent.get("key"), sent.get("product"), parcel.path.strip("/"))
        product, origin = self._product(desk, words)
        if parcel.origin is not Origin.SIMULATED:
            parcel.origin = origin
        reading = Reading(parcel, Translation(parcel, desk, product))
        items = sent.get("items")
        reports = items if isinstance(items, list) else [sent]
        make_room(parcel, len(reports))
        for place, report in enumerate(reports):
            reading.read(place, report, natural_key(data, place))

    def _product(self, desk: Desk, words: tuple[Any, ...]) -> tuple[str, Origin]:
        """By a write key or a word of a manifest; the name of the script asked for is one too."""
        for word in words:
            if isinstance(word, str) and word:
                try:
                    product, origin = product_of_word(desk.catalogue, self.name, word)
                except RefusedError:
                    continue
                return product.slug, origin
        raise RefusedError(
            Reason.NO_PRODUCT, "nothing that names a product", "a write key as 'key', or a word"
        )

    def answer(self, parcel: Parcel) -> Reply:
        return _shown(200, parcel.headers)

    def refuse(self, refused: RefusedError) -> Reply:
        suppressed = refused.outcome is Outcome.SUPPRESSED
        return _shown(200 if suppressed else STATUSES.get(refused.reason, 400), {})

    def busy(self, status: int, seconds: int) -> Reply:
        reply = _shown(status, {})
        headers = {**reply.headers, "retry-after": str(seconds)}
        return Reply(status, reply.body, reply.content_type, headers)


class Reading:
    """Reads the reports of one beacon."""

    def __init__(self, parcel: Parcel, translation: Translation) -> None:
        self._parcel = parcel
        self._translation = translation

    def read(self, place: int, report: Any, key: str) -> None:
        if not isinstance(report, dict):
            self._parcel.refuse(place, rejected(Reason.BAD_SHAPE))
            return
        translation, named = self._translation, report.get("item")
        declaration = translation.item(named if isinstance(named, str) else REPORT)
        if declaration is None:
            self._parcel.refuse(place, rejected(Reason.UNKNOWN_ITEM))
            return
        if isinstance(report.get("fields"), dict):
            envelope, fields = report, translation.fields(declaration, report["fields"])
        else:
            skipped = ("item", "key", "product", "id", "at", "instance", "identities")
            told = {k: v for k, v in report.items() if k not in skipped or k in self._mapped()}
            envelope, fields = report, translation.fields(declaration, told)
        wanted = translation.mapping.instance
        instance = envelope.get("instance")
        if wanted is not None:
            instance = fields.pop(translation.field_name(declaration, wanted), instance)
        known = envelope.get("identities")
        raw = {
            "item": declaration.path,
            "id": as_text(envelope.get("id"))[:128] or key,
            "at": foreign_time(envelope.get("at")) or self._parcel.received_at,
            "instance": None if instance is None else as_text(instance),
            "version": as_text(envelope.get("version"))[:64] or None,
            "identities": translation.take_identities(
                declaration, fields, known if isinstance(known, dict) else {}
            ),
            "fields": fields,
        }
        translation.admit(self._parcel, place, raw)

    def _mapped(self) -> Mapping[str, str]:
        return self._translation.mapping.fields


def _parts(query: str) -> tuple[str, str]:
    """The word that names the product, if it is a parameter, and the text of the data."""
    if len(query) > LONGEST_QUERY:
        raise RefusedError(
            Reason.TOO_LARGE, f"a query of {len(query)} bytes", f"at most {LONGEST_QUERY}"
        )
    if query.count("&") > MOST_PARAMETERS:
        raise _undecodable()
    parameters = dict(parse_qsl(query.replace("+", "%2B")))
    if "data" in parameters:
        return parameters.get("key", ""), parameters["data"]
    return "", query


def _data(text: str) -> bytes:
    """The JSON text behind base64 or percent encoding."""
    plain = unquote_to_bytes(text).strip()
    if plain[:1] in (b"{", b"["):
        return plain
    if not plain or not NO_PARAMETERS.match(plain):
        raise _undecodable()
    padded = plain.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        decoded = base64.b64decode(padded + b"=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _undecodable() from None
    return inflate(decoded, "gzip") if decoded[:2] == GZIP else decoded


def _undecodable() -> RefusedError:
    return RefusedError(Reason.BAD_ENCODING, "neither base64 nor JSON", "JSON, or base64 of it")


def _shown(status: int, headers: Mapping[str, str]) -> Reply:
    """A picture, or an empty script where the browser says that it wants one."""
    uncached = {"cache-control": "no-store"}
    if headers.get("sec-fetch-dest") == "script":
        return Reply(status, b"", "text/javascript", uncached)
    return Reply(status, PICTURE, "image/gif", uncached)
