"""Percona's wire format: reports of keys and values that are all texts, without authentication.

Acknowledged is HTTP 200 with a JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glasshouse_sdk.destination import Destination
from glasshouse_sdk.wires.port import Answer, Batch, Judgement, Request, Wire, later, smaller

PATH = "/v1/telemetry/GenericReport"


def _encode(batch: Batch, destination: Destination) -> Request:
    family = destination.door.get("key") or ""
    foreign = {ours: theirs for theirs, ours in destination.door.get("fields", {}).items()}
    reports = [_report(item, family, foreign) for item in batch.items]
    body = json.dumps({"reports": reports}, separators=(",", ":")).encode()
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, {"Content-Type": "application/json"}, body, ids)


def _report(item: Mapping[str, Any], family: str, foreign: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": as_uuid(item["id"]),
        "createTime": item["at"][:19] + "Z",
        "instanceId": item["instance"],
        "product_family": family,
        "metrics": [
            {"key": foreign.get(name, name), "value": _as_text(value)}
            for name, value in item["fields"].items()
        ],
    }


def as_uuid(identifier: str) -> str:
    """32 random hex digits in the form of a random UUID; the same digits give the same one."""
    variant = "89ab"[int(identifier[16], 16) & 3]
    digits = identifier[:12] + "4" + identifier[13:16] + variant + identifier[17:]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return json.dumps(value, separators=(",", ":"))


def _judge(answer: Answer, request: Request) -> Judgement:
    if answer.status == 200:
        if answer.json_object() is None:
            return later(answer, "without a JSON object, so not by a collector")
        return Judgement("acknowledged")
    if answer.status == 413 or (answer.status == 400 and answer.json_object() is not None):
        return smaller(answer, request)
    return later(answer)


WIRE = Wire(_encode, _judge, lambda _: None, compresses=False, path=PATH)
