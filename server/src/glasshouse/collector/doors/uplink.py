"""The Uplink door: telemetry trials after JEP-214, `POST /events` without authentication.

Facts that shape it: a trial's id is the item's type, so it finds the product too; the correlator
is a hash that differs from trial to trial, but for old clients that send a bare UUID, which is
hashed here with the type as theirs would have done; the client never repeats what failed.
"""

import hashlib
import re
from typing import Any

import msgspec

from glasshouse.collector.desk import Desk
from glasshouse.collector.door import Reply
from glasshouse.collector.parcel import Parcel, RefusedError
from glasshouse.collector.replies import STATUSES, error_reply
from glasshouse.collector.translation import Translation, decode, make_room, rejected
from glasshouse.model import Outcome, Reason

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


class Trial(msgspec.Struct, gc=False):
    type: str
    correlator: str
    payload: Any


class Uplink:
    name = "uplink"
    routes = (("POST", "/events"),)

    def open(self, parcel: Parcel, desk: Desk) -> None:
        trial = decode(parcel.body, Trial, "an object with 'type', 'correlator' and 'payload'")
        make_room(parcel, 1)
        product = desk.catalogue.by_door_item(self.name, trial.type)
        if product is None:
            parcel.refuse(0, rejected(Reason.NO_PRODUCT))
            return
        translation = Translation(parcel, desk, product.slug)
        declaration = translation.item(trial.type)
        if declaration is None:  # the manifest maps to an item of a newer version of itself
            parcel.refuse(0, rejected(Reason.UNKNOWN_ITEM))
            return
        if not isinstance(trial.payload, dict):
            parcel.refuse(0, rejected(Reason.BAD_SHAPE))
            return
        fields = translation.fields(declaration, trial.payload)
        instance = correlator(trial.correlator, trial.type)
        raw = {
            "item": declaration.path,
            "id": desk.new_id(),  # a trial is never sent again, and two may well say the same
            "at": parcel.received_at,
            "instance": instance,
            "identities": translation.take_identities(declaration, fields, {}),
            "fields": fields,
        }
        translation.admit(parcel, 0, raw)

    def answer(self, parcel: Parcel) -> Reply:
        verdict = parcel.verdicts.get(0)
        if verdict is None or verdict.outcome is Outcome.SUPPRESSED:
            return Reply(201, b"{}")
        return Reply(
            STATUSES.get(verdict.reason, 400),
            msgspec.json.encode({"error": {"reason": verdict.reason, "field": verdict.field}}),
        )

    def refuse(self, refused: RefusedError) -> Reply:
        return error_reply(refused)

    def busy(self, status: int, seconds: int) -> Reply:
        return Reply(status, b'{"error":"busy"}', headers={"retry-after": str(seconds)})


def correlator(sent: str, trial: str) -> str:
    """The correlator; a bare UUID becomes SHA-256 of itself and the trial's id, in hex."""
    if UUID.match(sent):
        return hashlib.sha256(f"{sent}{trial}".encode(errors="replace")).hexdigest()
    return sent
