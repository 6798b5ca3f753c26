"""Freezes a claim: the request is written to a file once, and that file is what is sent.

first line   JSON: path, headers, ids
the rest     the body, byte for byte
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from glasshouse_sdk import tallies
from glasshouse_sdk.claims import Claim, new_claim
from glasshouse_sdk.destination import Destination
from glasshouse_sdk.state import State, remove
from glasshouse_sdk.wires import WIRES, Batch, Request, Wire

ITEM = b'{"item":"'


class UnknownWireError(Exception):
    """The manifest names a wire format that this version of the client does not speak."""


def frozen_request(
    state: State, claim: Claim, destination: Destination, channel_states: Mapping[str, str]
) -> tuple[Claim, Request] | None:
    """The claim's request: the one frozen before, or a new one; None if nothing may be sent.

    Items of channels that are off are removed; those of channels that still ask are set apart.
    """
    request = read_request(claim)
    if request is not None:
        return claim, request
    wire = WIRES.get(destination.wire)
    if wire is None:
        known = ", ".join(WIRES)
        raise UnknownWireError(f"found the wire '{destination.wire}'; expected one of {known}")
    sendable = _sendable(state, claim, destination, channel_states)
    if sendable is None:
        return None
    claim, items = _one_request(state, *sendable, wire)
    request = wire.encode(
        Batch(tuple(claim.lines()), tuple(items), claim.digest, claim.origin), destination
    )
    _write_request(claim, request)
    return claim, request


def _sendable(
    state: State, claim: Claim, destination: Destination, channel_states: Mapping[str, str]
) -> tuple[Claim, list[dict[str, Any]]] | None:
    """The claim reduced to whole items whose channel is on."""

    def state_of(item: Mapping[str, Any]) -> str:
        declared = destination.manifest["items"].get(item["item"], {})
        return channel_states.get(declared.get("channel", ""), "off")

    refuses = WIRES[destination.wire].refuses
    lines = claim.lines()
    whole = [pair for line in lines if (pair := _whole_item(line)) is not None]
    if len(whole) < len(lines):
        tallies.count(state, "torn", len(lines) - len(whole))
    on = [(line, item) for line, item in whole if state_of(item) == "on"]
    carried = [(line, item) for line, item in on if not refuses(item["item"], destination)]
    if len(carried) < len(on):
        tallies.count(state, "not_carried", len(on) - len(carried))
        on = carried
    held = [line for line, item in whole if state_of(item) == "ask"]
    if held and not on:
        return None
    if len(on) < len(lines) or any(line != old for (line, _), old in zip(on, lines, strict=False)):
        if held:
            new_claim(state, held, claim.stream, claim.sealed_at + 1)
        kept = [line for line, _ in on]
        rest = new_claim(state, kept, claim.stream, claim.sealed_at + 1) if kept else None
        claim.remove()
        if rest is None:
            return None
        claim = rest
    return claim, [item for _, item in on]


def _one_request(
    state: State, claim: Claim, items: list[dict[str, Any]], wire: Wire
) -> tuple[Claim, list[dict[str, Any]]]:
    """The claim reduced to what one request of this wire carries; the rest is set apart."""
    flags = wire.together(items)
    if all(flags):
        return claim, items
    pairs = list(zip(claim.lines(), flags, strict=True))
    rest = [line for line, fits in pairs if not fits]
    new_claim(state, rest, claim.stream, claim.sealed_at + 2)
    reduced = new_claim(
        state, [line for line, fits in pairs if fits], claim.stream, claim.sealed_at + 1
    )
    claim.remove()
    return reduced, [item for item, fits in zip(items, flags, strict=True) if fits]


def _whole_item(line: bytes) -> tuple[bytes, dict[str, Any]] | None:
    """The item of a line. A full disk can tear one, and glue the next one to what is left."""
    for start in (0, line.rfind(ITEM)):
        try:
            item = json.loads(line[start:])
        except ValueError:
            continue
        if isinstance(item, dict) and {"item", "id", "at", "instance", "fields"} <= item.keys():
            return line[start:], item
    return None


def halve(state: State, claim: Claim) -> None:
    """Replace a claim by two, each with half of its items."""
    lines = claim.lines()
    middle = len(lines) // 2
    new_claim(state, lines[:middle], claim.stream, claim.sealed_at + 1)
    new_claim(state, lines[middle:], claim.stream, claim.sealed_at + 2)
    claim.remove()


def read_request(claim: Claim) -> Request | None:
    """The request that was frozen for this claim, if one was."""
    try:
        with open(claim.request_path, "rb") as file:
            facts = json.loads(file.readline())
            body = file.read()
    except (FileNotFoundError, ValueError):
        return None
    return Request(facts["path"], facts["headers"], body, tuple(facts["ids"]))


def _write_request(claim: Claim, request: Request) -> None:
    facts = {"path": request.path, "headers": dict(request.headers), "ids": request.ids}
    temporary = f"{claim.request_path}.{os.getpid()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(json.dumps(facts).encode() + b"\n" + request.body)
        os.rename(temporary, claim.request_path)
    except OSError:
        remove(temporary)
        raise
