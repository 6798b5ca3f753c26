"""Percona's wire format: reports of keys and values that are all texts, without authentication.

Acknowledged is HTTP 200 with a JSON object. A report does not name its item: it is the one that
[doors.percona.items] gives for `report`, or for what its metric `source` says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glasshouse_sdk.destination import Destination
from glasshouse_sdk.wires.port import (
    Answer,
    Batch,
    Judgement,
    Request,
    Wire,
    later,
    named_for,
    origin_header,
    refused,
)

PATH = "/v1/telemetry/GenericReport"


def _encode(batch: Batch, destination: Destination) -> Request:
    reports = [_report(item, destination.door) for item in batch.items]
    body = json.dumps({"reports": reports}, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", **origin_header(batch)}
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, headers, body, ids)


def _report(item: Mapping[str, Any], door: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": as_uuid(item["id"]),
        "createTime": item["at"][:19] + "Z",
        "instanceId": item["instance"],
        "product_family": door.get("key") or "",
        "metrics": [
            {"key": named_for(door, "fields", name, name), "value": _as_text(value)}
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


def _judge(answer: Answer, request: Request, _: Destination) -> Judgement:
    if answer.status == 200:
        if answer.json_object() is None:
            return later(answer, "without a JSON object, so not by a collector")
        return Judgement("acknowledged")
    return refused(answer, request)


def _refuses(path: str, destination: Destination) -> str:
    """A report does not say which item it is: the collector must take it for this one."""
    items, mapped = destination.manifest["items"], destination.door.get("items", {})
    carried = (
        list(mapped.values()) or [other for other in items if other.startswith("snapshot.")][:1]
    )
    if path in carried:
        return ""
    return f"a report is one of {', '.join(carried) or 'no snapshot'}; see [doors.percona.items]"


WIRE = Wire(
    _encode,
    _judge,
    lambda _: None,
    compresses=False,
    path=PATH,
    refuses=_refuses,
    leaves="the product's version, identities but the instance, types (every value is a text)",
)
