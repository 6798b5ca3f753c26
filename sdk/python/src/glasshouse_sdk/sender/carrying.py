"""For a site without a way out: what waits goes to one file, which a person reads and carries out.

The file is JSON. Each request in it is the frozen body as text, with its path and headers. Posted
from another machine, as often as one likes, each item counts once: the collector knows its id.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from glasshouse_sdk import locks
from glasshouse_sdk.claims import claims, seal_all
from glasshouse_sdk.departures import note_departure
from glasshouse_sdk.destination import Destination
from glasshouse_sdk.sender.delivery import LOCK
from glasshouse_sdk.sender.exchange import ExchangeError, exchange
from glasshouse_sdk.sender.freezing import frozen_request
from glasshouse_sdk.sender.history import keep_attempt, keep_body
from glasshouse_sdk.sender.permission import Permission
from glasshouse_sdk.sender.previewing import PATIENCE, SenderAtWorkError
from glasshouse_sdk.sender.proving import proof
from glasshouse_sdk.state import State
from glasshouse_sdk.surroundings import Surroundings
from glasshouse_sdk.wires import WIRES, Request

FORMAT = 1


class NoCargoError(ValueError):
    """A file that is no export; the text says what was found and expected."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """An export: the product, its wire format, and the requests that were waiting."""

    product: str
    wire: str
    exported_at: str
    proof: str
    requests: tuple[Request, ...]

    def text(self) -> str:
        """For a person to read, and for `read_cargo`."""
        requests = [
            {
                "path": request.path,
                "headers": dict(request.headers),
                "ids": list(request.ids),
                "body": request.body.decode(),
            }
            for request in self.requests
        ]
        facts = {
            "format": FORMAT,
            "product": self.product,
            "wire": self.wire,
            "exported_at": self.exported_at,
            "proof": self.proof,
            "requests": requests,
        }
        return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one request of an export."""

    items: int
    verdict: str
    problem: str


def export(state: State, destination: Destination, surroundings: Surroundings, path: str) -> int:
    """Move everything that may be sent to a file: how many items. A file that is there is not
    replaced. The history then says when and where it went.

    Raises `OSError`, `SenderAtWorkError`, `UnknownWireError`.
    """
    permission = Permission(state, destination, surroundings)
    if not permission.everywhere().may_send or not os.path.isdir(state.spool):
        return 0
    descriptor = os.open(state.path(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not locks.try_alone(descriptor, PATIENCE):
            raise SenderAtWorkError("found a sender at work; try again when it is done")
        seal_all(state, time.time_ns())
        frozen = []
        for claim in claims(state):
            one = frozen_request(state, claim, destination, permission.of(claim))
            if one is not None:
                frozen.append(one)
        if not frozen:
            return 0
        now = time.time()
        cargo = _cargo(state, destination, tuple(request for _, request in frozen), now)
        for claim, _ in frozen:
            note_departure(state, claim, bool(cargo.proof))
        _write_for_good(path, cargo.text())
        for claim, _ in frozen:  # only now: the file is on disk
            keep_body(state, claim)
            attempt = {
                "at": now, "endpoint": path, "status": None, "verdict": "exported", "problem": "",
                "receipts": [],
            }  # fmt: skip
            keep_attempt(state, claim, attempt)
            claim.remove()
    finally:
        os.close(descriptor)
    return sum(len(request.ids) for _, request in frozen)


def _cargo(
    state: State, destination: Destination, requests: tuple[Request, ...], now: float
) -> Cargo:
    wire = WIRES[destination.wire]
    secret = state.read("secret") if wire.proves else None
    token = proof(secret.strip(), destination.slug) if secret else ""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return Cargo(destination.slug, destination.wire, at, token, requests)


def _write_for_good(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def read_cargo(path: str) -> Cargo:
    """Read an export. Raises `OSError`, `NoCargoError`."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        raw = json.loads(data)
        form = int(raw["format"])
        requests = tuple(map(_request, raw["requests"]))
        texts = [str(raw[name]) for name in ("product", "wire", "exported_at", "proof")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoCargoError(f"{path}: found no export; expected one made by `export`") from None
    if form != FORMAT:
        raise NoCargoError(f"{path}: found format {form}; expected {FORMAT}")
    product, wire, exported_at, token = texts
    return Cargo(product, wire, exported_at, token, requests)


def _request(raw: Mapping[str, Any]) -> Request:
    headers = {str(name): str(value) for name, value in raw["headers"].items()}
    return Request(str(raw["path"]), headers, raw["body"].encode(), tuple(map(str, raw["ids"])))


def deliver(
    cargo: Cargo, destination: Destination, environ: Mapping[str, str], timeout: float
) -> Iterator[Delivered]:
    """Post every request of an export; the file stays as it is, so this can be repeated."""
    wire = WIRES[cargo.wire]
    headers = {"Glasshouse-Proof": cargo.proof} if cargo.proof else {}
    authorization = wire.authorization(destination.key)
    if authorization is not None:
        headers["Authorization"] = authorization
    for request in cargo.requests:
        try:
            answer = exchange(
                destination.endpoint, request, headers=headers, compress=wire.compresses,
                now=time.time(), timeout=timeout, environ=environ,
            )  # fmt: skip
        except ExchangeError as error:
            yield Delivered(len(request.ids), "retry", str(error))
            continue
        judgement = wire.judge(answer, request, destination)
        yield Delivered(len(request.ids), judgement.verdict, judgement.problem)
