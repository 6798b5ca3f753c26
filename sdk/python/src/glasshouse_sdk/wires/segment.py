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
from glasshouse_sdk.wires.port import Answer, Batch, Judgement, Request, Wire, later, smaller

PATH = "/v1/batch"
LIBRARY = {"name": "glasshouse-sdk-python", "version": __version__}
USERS = ("user", "account", "license")  # identities that can stand in `userId`, the nearest first
GROUPS = ("organization", "account", "site", "project")


def _encode(batch: Batch, destination: Destination) -> Request:
    door = destination.door
    events = {ours: theirs for theirs, ours in door.get("items", {}).items()}
    foreign = {ours: theirs for theirs, ours in door.get("fields", {}).items()}
    holder = "userId" if door.get("instance") == "userId" else "anonymousId"
    calls = [_call(item, events, foreign, holder) for item in batch.items]
    body = json.dumps({"batch": calls}, separators=(",", ":")).encode()
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, {"Content-Type": "application/json"}, body, ids)


def _call(
    item: Mapping[str, Any],
    events: Mapping[str, str],
    foreign: Mapping[str, str],
    holder: str,
) -> dict[str, Any]:
    path: str = item["item"]
    identities: Mapping[str, str] = item.get("identities", {})
    context: dict[str, Any] = {"library": LIBRARY}
    if "version" in item:
        context["app"] = {"version": item["version"]}
    group = next((identities[name] for name in GROUPS if name in identities), None)
    if group is not None:
        context["groupId"] = group
    call = {
        "type": "track",
        "event": events.get(path, path.partition(".")[2]),
        "messageId": item["id"],
        "timestamp": item["at"],
        holder: item["instance"],
        "properties": {foreign.get(name, name): value for name, value in item["fields"].items()},
        "context": context,
    }
    user = next((identities[name] for name in USERS if name in identities), None)
    if user is not None and holder != "userId":
        call["userId"] = user
    return call


def _judge(answer: Answer, request: Request) -> Judgement:
    if answer.status == 200:
        if (answer.json_object() or {}).get("success") is not True:
            return later(answer, "without success, so not by a collector")
        return Judgement("acknowledged")
    if answer.status == 413 or (answer.status == 400 and answer.json_object() is not None):
        return smaller(answer, request)
    return later(answer)


def _authorization(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


WIRE = Wire(_encode, _judge, _authorization, compresses=True, path=PATH)
