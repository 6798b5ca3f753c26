"""The native wire format: acknowledged by one receipt for each item, in their order."""

from __future__ import annotations

from typing import Any

from glasshouse_sdk import __version__
from glasshouse_sdk.destination import Destination
from glasshouse_sdk.jsontext import quoted
from glasshouse_sdk.wires.port import Answer, Batch, Judgement, Request, Wire, later, smaller

PATH = "/v1/telemetry"
CLIENT = f"glasshouse-sdk-python/{__version__}"
OUTCOMES = ("accepted", "rejected", "suppressed")
NEVER_TAKEN = ("bad_json", "bad_shape", "bad_encoding")


def _encode(batch: Batch, _: Destination) -> Request:
    # The lines go out as they were recorded. The body holds no time of sending: it is frozen once
    # and may be sent days later; the `Date` header of each attempt says when that was.
    head = f'{{"manifest":{quoted(batch.digest)},"client":{quoted(CLIENT)}'
    if batch.origin != "production":
        head += f',"origin":{quoted(batch.origin)}'
    body = head.encode() + b',"items":[' + b",".join(batch.lines) + b"]}"
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, {"Content-Type": "application/json"}, body, ids)


def _judge(answer: Answer, request: Request, _: Destination) -> Judgement:
    if answer.status == 200:
        receipts = _receipts(answer, request)
        if receipts is None:
            return later(answer, "without receipts, so not by a collector")
        return Judgement("acknowledged", receipts=receipts, allow=_allow(answer))
    if answer.status == 413 and len(request.ids) > 1:
        return smaller(answer, request)
    reason = _reason(answer)
    if answer.status == 410 and reason is not None:
        return Judgement("ended", "answered 410")
    if answer.status == 400 and reason in NEVER_TAKEN:
        return smaller(answer, request)
    return later(answer, reason or "")


def _receipts(answer: Answer, request: Request) -> tuple[dict[str, Any], ...] | None:
    """The receipts if there is a well-formed one for each item, in order; else None."""
    receipts = (answer.json_object() or {}).get("receipts")
    if not isinstance(receipts, list) or len(receipts) != len(request.ids):
        return None
    for receipt, identifier in zip(receipts, request.ids, strict=True):
        if not isinstance(receipt, dict):
            return None
        if receipt.get("id") != identifier or receipt.get("outcome") not in OUTCOMES:
            return None
    return tuple(receipts)


def _allow(answer: Answer) -> tuple[str, ...] | None:
    allow = (answer.json_object() or {}).get("allow")
    if not isinstance(allow, list):
        return None
    return tuple(path for path in allow if isinstance(path, str))


def _reason(answer: Answer) -> str | None:
    """The collector's own word for what was wrong; None if the answer is not a collector's."""
    error = (answer.json_object() or {}).get("error")
    reason = error.get("reason") if isinstance(error, dict) else None
    return reason if isinstance(reason, str) else None


WIRE = Wire(_encode, _judge, lambda key: f"Bearer {key}", compresses=True, path=PATH, proves=True)
