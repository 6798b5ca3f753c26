"""dujour's wire format: a check-in, which carries one host's state and what happened on it.

Acknowledged is HTTP 200 with a JSON object that has the texts `version`, `link` and `product`
(ours) and the boolean `newer`: what its first client takes for an answer. Its `whitelist`, if there
is one, names the metrics and events that are still wanted. The same answer tells of the newest
release; who wants to know that alone sends product and version.

Snapshots go as metrics with their own time, events with theirs in `metadata`. A check-in has one
host, one version and one value for each metric, so items of another host, and a second snapshot of
the same kind, wait for the next request. It carries no ids: the collector knows a repeated event by
its content; a snapshot whose answer was lost is stored once more, which changes no answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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

PATH = "/"
ANALYTICS = "self-service-analytics"
HOLDERS = {"site-id": "site-id", "site_id": "site-id", "license": "license"}
PLACES = {"site": "site-id", "license": "license"}
# Types that its whitelist has a word for; it is silent about the others.
LISTED = ("enum", "version", "text", "time", "integer", "number", "duration", "boolean", "map")


def _encode(batch: Batch, destination: Destination) -> Request:
    door, first = destination.door, batch.items[0]
    body: dict[str, Any] = {"product": door.get("key") or ""}
    if "version" in first:
        body["version"] = first["version"]
    body[HOLDERS.get(door.get("instance") or "", "host-id")] = first["instance"]
    for item in batch.items:
        for kind, value in _of_check_in(item).items():
            place = named_for(door, "identities", kind, PLACES.get(kind, ""))
            if place:
                body.setdefault(place, value)
    metrics: dict[str, Any] = {}
    events = []
    for item in batch.items:
        path: str = item["item"]
        if path.startswith("snapshot."):
            for name, value in item["fields"].items():
                metric = _metric(path, name, destination)
                metrics[metric] = {"value": value, "timestamp": item["at"]}
        else:
            events.append(_event(item, door))
    body[ANALYTICS] = {"events": events, "snapshots": metrics}
    headers = {"Content-Type": "application/json", **origin_header(batch)}
    ids = tuple(item["id"] for item in batch.items)
    return Request(PATH, headers, json.dumps(body, separators=(",", ":")).encode(), ids)


def _event(item: Mapping[str, Any], door: Mapping[str, Any]) -> dict[str, Any]:
    path: str = item["item"]
    metadata = {
        named_for(door, "fields", name, name): value for name, value in item["fields"].items()
    }
    for kind, value in item.get("identities", {}).items():
        foreign = named_for(door, "identities", kind, "")
        if foreign:
            metadata[foreign] = value
    name = named_for(door, "items", path, path.partition(".")[2])
    return {"event": name, "timestamp": item["at"], "metadata": metadata}


def _metric(path: str, field: str, destination: Destination) -> str:
    """The field's name; with the snapshot's before it, where another snapshot has the same one."""
    owners = [
        other
        for other, facts in destination.manifest["items"].items()
        if other.startswith("snapshot.") and field in facts["fields"]
    ]
    if len(owners) > 1:
        return f"{path.partition('.')[2]}.{field}"
    return named_for(destination.door, "fields", field, field)


def _of_check_in(item: Mapping[str, Any]) -> Mapping[str, str]:
    """The identities of an item that stand in the check-in, once for all of its items."""
    identities: Mapping[str, str] = item.get("identities", {})
    if item["item"].startswith("snapshot."):
        return identities
    return {kind: value for kind, value in identities.items() if kind in PLACES}


def _together(items: Sequence[Mapping[str, Any]]) -> list[bool]:
    host = {"instance": items[0]["instance"], "version": items[0].get("version")}
    taken: set[str] = set()
    flags = []
    for item in items:
        path = item["item"]
        wanted = {
            "instance": item["instance"], "version": item.get("version"), **_of_check_in(item)
        }  # fmt: skip
        fits = path not in taken and all(host.get(k, v) == v for k, v in wanted.items())
        flags.append(fits)
        if fits:
            host.update(wanted)
        if fits and path.startswith("snapshot."):
            taken.add(path)
    return flags


def _refuses(_: str, destination: Destination) -> str:
    return "" if destination.door.get("key") else "a check-in needs `key` in [doors.dujour]"


def _judge(answer: Answer, request: Request, destination: Destination) -> Judgement:
    if answer.status == 200:
        told = answer.json_object() or {}
        kinds = [type(told.get(name)) for name in ("version", "newer", "link", "product")]
        is_ours = told.get("product") == destination.door.get("key")
        if kinds != [str, bool, str, str] or not is_ours:
            return later(answer, "without version, newer, link and product, so not by a collector")
        release = {name: told[name] for name in ("version", "newer", "link")}
        return Judgement(
            "acknowledged",
            allow=_allow(told.get("whitelist"), destination),
            told={**release, "message": str(told.get("message") or "")},
        )
    return refused(answer, request)


def _asks_release(version: str, destination: Destination) -> Request:
    """The check for updates alone: which product and version, and not who."""
    body = {"product": destination.door.get("key") or "", "version": version}
    headers = {"Content-Type": "application/json"}
    return Request(PATH, headers, json.dumps(body, separators=(",", ":")).encode(), ())


def _allow(whitelist: object, destination: Destination) -> tuple[str, ...] | None:
    """What is still wanted, by our names; None if that is all."""
    if not isinstance(whitelist, dict):
        return None
    items: Mapping[str, Mapping[str, Any]] = destination.manifest["items"]
    wanted = [path for item in items for path in _wanted(item, items[item], whitelist, destination)]
    return None if set(wanted) >= set(items) else tuple(wanted)


def _wanted(
    path: str, item: Mapping[str, Any], whitelist: Mapping[str, Any], destination: Destination
) -> Iterator[str]:
    """The path itself if all of it is wanted, else those of its fields that are."""
    if path.startswith("event."):
        if named_for(destination.door, "items", path, path.partition(".")[2]) in whitelist:
            yield path
        return
    fields = [
        name
        for name, facts in item["fields"].items()
        if _metric(path, name, destination) in whitelist or not _is_listed(facts)
    ]
    if len(fields) == len(item["fields"]):
        yield path
    else:
        yield from (f"{path}.{name}" for name in fields)


def _is_listed(facts: Mapping[str, Any]) -> bool:
    return (facts.get("of") if facts["type"] == "list" else facts["type"]) in LISTED


WIRE = Wire(
    _encode,
    _judge,
    lambda _: None,
    compresses=False,
    path=PATH,
    refuses=_refuses,
    together=_together,
    asks_release=_asks_release,
    leaves="ids of items, identities but site, license and those named in [doors.dujour]",
)
