"""Requests as right clients of every wire format make them, each item of an instance of its own."""

import base64
import itertools
import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.load import event
from bench.server import Server

MARK = "5eed0a11"  # how every instance of ours begins, so that it is known in the store


@dataclass(frozen=True, slots=True)
class Request:
    """A request with right items, as it is sent each time."""

    door: str
    items: int
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    accepted: int  # the status that acknowledges


@dataclass(frozen=True, slots=True)
class Sender:
    """One wire format: how a request with so many items is made, and where the items end up."""

    table: str
    make: Callable[["Making", int], Request]
    most: int


@dataclass(slots=True)
class Making:
    """What a request is made of."""

    chance: random.Random
    server: Server
    numbers: "itertools.count[int]"

    def instance(self, length: int) -> str:
        """An instance that no other item has."""
        return f"{MARK}{next(self.numbers):0{length - len(MARK)}x}"

    def moment(self) -> datetime:
        """Up to a month ago: items come in no order."""
        return datetime.now(UTC) - timedelta(seconds=self.chance.uniform(1, 30 * 86400))


def _request(
    door: str, items: int, path: str, body: Any, accepted: int = 200, **headers: str
) -> Request:
    named = {"content-type": "application/json", **headers}
    return Request(door, items, "POST", path, json.dumps(body).encode(), named, accepted)


def native(making: Making, items: int) -> Request:
    sent = [
        event(making.chance, making.moment().isoformat(), making.instance(32)) for _ in range(items)
    ]
    body = {"manifest": making.server.digest, "items": sent}
    key = f"Bearer {making.server.key}"
    return _request("native", items, "/v1/telemetry", body, authorization=key)


def segment(making: Making, items: int) -> Request:
    messages = []
    for _ in range(items):
        at = making.moment().isoformat()
        one = event(making.chance, at, making.instance(32))
        messages.append(
            {
                "type": "track",
                "event": "job_finished",
                "messageId": one["id"],
                "timestamp": at,
                "userId": one["instance"],
                "properties": one["fields"],
            }
        )
    key = base64.b64encode(f"{making.server.key}:".encode()).decode()
    return _request(
        "segment", items, "/v1/batch", {"batch": messages}, authorization=f"Basic {key}"
    )


def percona(making: Making, items: int) -> Request:
    metrics = {
        "OS": "Debian GNU/Linux 12 (bookworm)",
        "pillar_version": "4.4.26-25",
        "hardware_arch": "x86_64 unknown",
        "deployment": "PACKAGE",
    }
    reports = [
        {
            "product_family": "PRODUCT_FAMILY_PSMDB",
            "id": str(uuid.UUID(int=making.chance.getrandbits(128), version=4)),
            "instanceId": f"{MARK}-0000-4000-8000-{next(making.numbers):012x}",
            "createTime": making.moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "metrics": [{"key": key, "value": value} for key, value in metrics.items()],
        }
        for _ in range(items)
    ]
    return _request("percona", items, "/v1/telemetry/GenericReport", {"reports": reports})


def dujour(making: Making, items: int) -> Request:
    plans = [{"event": "orchestrator.plan", "timestamp": making.moment().isoformat()}]
    body = {
        "version": "2025.1",
        "product": "pe-master",
        "host-id": making.instance(128),
        "self-service-analytics": {"events": plans},
    }
    return _request("dujour", items, "/", body)


def amplitude(making: Making, items: int) -> Request:
    events = [
        {
            "event_type": "usage",
            "user_id": making.instance(32),
            "time": int(making.moment().timestamp() * 1000),
            "event_properties": {"command": "run"},
        }
        for _ in range(items)
    ]
    return _request("amplitude", items, "/2/httpapi", {"api_key": "TESTKEY", "events": events})


def uplink(making: Making, items: int) -> Request:
    trial = {"type": "security-trial", "correlator": making.instance(64), "payload": {"length": 7}}
    return _request("uplink", items, "/events", trial, accepted=201)


def beacon(making: Making, items: int) -> Request:
    usage = {"install": making.instance(64), "version": "2.479", "jobs": {"hudson.model": 3}}
    data = base64.urlsafe_b64encode(json.dumps(usage).encode()).decode()
    return Request("beacon", items, "GET", f"/usage-stats.js?{data}", b"", {}, 200)


# Formats whose requests carry one item have 1 for the most.
DOORS: Mapping[str, Sender] = {
    "native": Sender("bench.event_job_finished", native, 30),
    "segment": Sender("bench.event_job_finished", segment, 30),
    "percona": Sender("psmdb.snapshot_host", percona, 3),
    "dujour": Sender("pe.event_plan", dujour, 1),
    "amplitude": Sender("piperider.event_usage", amplitude, 10),
    "uplink": Sender("jenkins.snapshot_security", uplink, 1),
    "beacon": Sender("jenkins.snapshot_usage", beacon, 1),
}
