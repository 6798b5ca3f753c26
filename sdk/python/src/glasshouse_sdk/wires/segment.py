"""Segment's wire format: a batch of `track` calls, with the write key as the user of Basic auth.

Acknowledged is HTTP 200 with `"success": true`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from glasshouse_sdk import __version__
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

PATH = "/v1/batch"
LIBRARY = {"name": "glasshouse-sdk-python", "version": __version__}


def _encode(batch: Batch, destination: Destination) -> Request:
    door = destination.door
    calls = [_call(item, door) for item in batch.items]
    body = json.dumps({"batch": calls}, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", **origin_header(batch)}
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, headers, body, ids)


def _call(item: Mapping[str, Any], door: Mapping[str, Any]) -> dict[str, Any]:
    path: str = item["item"]
    holder = "userId" if door.get("instance") == "userId" else "anonymousId"
    identities = dict(item.get("identities", {}))
    properties = {
        named_for(door, "fields", name, name): value for name, value in item["fields"].items()
    }
    context: dict[str, Any] = {"library": LIBRARY}
    if "version" in item:
        context["app"] = {"version": item["version"]}
    call = {
        "type": "track",
        "event": named_for(door, "items", path, path.partition(".")[2]),
        "messageId": item["id"],
        "timestamp": item["at"],
        holder: item["instance"],
        "properties": properties,
        "context": context,
    }
    for name in list(identities):
        foreign = named_for(door, "identities", name, "")
        if foreign:
            properties[foreign] = identities.pop(name)
    if "organization" in identities:
        context["groupId"] = identities.pop("organization")
    # A collector takes `userId` for the instance, unless the manifest says that this is the other.
    if "user" in identities and door.get("instance") == "anonymousId":
        call["userId"] = identities.pop("user")
    for name, value in identities.items():
        properties.setdefault(name, value)
    return call


def _judge(answer: Answer, request: Request, _: Destination) -> Judgement:
    if answer.status == 200:
        if (answer.json_object() or {}).get("success") is not True:
            return later(answer, "without success, so not by a collector")
        return Judgement("acknowledged")
    return refused(answer, request)


def _authorization(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


WIRE = Wire(
    _encode,
    _judge,
    _authorization,
    compresses=True,
    path=PATH,
    leaves="an identity that a field is named like, unless [doors.segment] names it",
)
