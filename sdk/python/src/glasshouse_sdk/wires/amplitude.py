"""Amplitude's wire format: HTTP V2, with the write key as `api_key` in the body.

Acknowledged is HTTP 200 with `"code": 200` and as many `events_ingested` as were sent.
"""

from __future__ import annotations

import calendar
import json
import time
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

PATH = "/2/httpapi"
LIBRARY = f"glasshouse-sdk-python/{__version__}"
SHORTEST_ID = 1  # Amplitude's own bound of 5 would drop an identity that the vendor assigns


def _encode(batch: Batch, destination: Destination) -> Request:
    events = [_event(item, destination.door) for item in batch.items]
    body = {
        "api_key": destination.key or destination.door.get("key") or "",
        "events": events,
        "options": {"min_id_length": SHORTEST_ID},
    }
    headers = {"Content-Type": "application/json", **origin_header(batch)}
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, headers, json.dumps(body, separators=(",", ":")).encode(), ids)


def _event(item: Mapping[str, Any], door: Mapping[str, Any]) -> dict[str, Any]:
    path: str = item["item"]
    wanted = door.get("instance")
    holder = wanted if wanted in ("user_id", "device_id") else "device_id"
    identities = dict(item.get("identities", {}))
    event = {
        "event_type": named_for(door, "items", path, path.partition(".")[2]),
        "insert_id": item["id"],
        "time": milliseconds(item["at"]),
        holder: item["instance"],
        "library": LIBRARY,
        "event_properties": {
            named_for(door, "fields", name, name): value for name, value in item["fields"].items()
        },
    }
    if "version" in item:
        event["app_version"] = item["version"]
    if wanted is not None and wanted != holder:
        event["event_properties"][wanted] = item["instance"]
    for name, place in (("user", "user_id"), ("device", "device_id")):
        if name in identities and place != holder:
            event[place] = identities.pop(name)
    for name in list(identities):
        foreign = named_for(door, "identities", name, "")
        if foreign:
            event["event_properties"][foreign] = identities.pop(name)
    if identities:
        event["groups"] = identities
    return event


def milliseconds(at: str) -> int:
    """Since 1970, from a time as `record` writes it: 2026-11-22T10:00:00.123456Z."""
    seconds = calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))
    return seconds * 1000 + int(at[20:23])


def _judge(answer: Answer, request: Request, _: Destination) -> Judgement:
    if answer.status == 200:
        told = answer.json_object() or {}
        if (told.get("code"), told.get("events_ingested")) != (200, len(request.ids)):
            return later(answer, "without the count of what was taken, so not by a collector")
        return Judgement("acknowledged")
    return refused(answer, request)


WIRE = Wire(_encode, _judge, lambda _: None, compresses=False, path=PATH)
