"""What left this machine, kept for its owner: every body, and for each attempt what came back.

    NAME.body       the frozen request: a line of facts, then the body byte for byte
    NAME.attempts   one JSON line an attempt

Bounded to seven days and so many bytes, the oldest goes first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from glasshouse_sdk.claims import Claim
from glasshouse_sdk.forgetting import read_forgettings
from glasshouse_sdk.state import State, remove

BODY, ATTEMPTS = ".body", ".attempts"
LONGEST_KEPT = 7 * 86_400.0  # seconds
MOST_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that left: its path, headers and body, and the attempts to deliver it."""

    name: str
    path: str
    headers: dict[str, str]
    body: bytes
    attempts: tuple[dict[str, Any], ...]


def keep_body(state: State, claim: Claim) -> None:
    """Called before the first attempt: what leaves is in the history even if we die meanwhile."""
    path = os.path.join(state.history, claim.name + BODY)
    try:
        os.link(claim.request_path, path)  # the same bytes, without copying them
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        shutil.copyfile(claim.request_path, path)


def keep_attempt(state: State, claim: Claim, attempt: dict[str, Any]) -> None:
    path = os.path.join(state.history, claim.name + ATTEMPTS)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(attempt).encode() + b"\n")
    finally:
        os.close(descriptor)


def entries(state: State) -> Iterator[Entry]:
    """Everything that left and is still kept, the oldest first."""
    for name in _names(state):
        try:
            with open(os.path.join(state.history, name + BODY), "rb") as file:
                facts = json.loads(file.readline())
                body = file.read()
        except (FileNotFoundError, ValueError):
            continue  # removed meanwhile, or cut off by a full disk
        yield Entry(name, facts["path"], facts["headers"], body, _attempts(state, name))
    yield from _requests_to_forget(state)


def _requests_to_forget(state: State) -> Iterator[Entry]:
    """They outlive everything else here, with the newest receipt of each."""
    with contextlib.suppress(OSError, ValueError):
        for one in read_forgettings(state):
            if one.attempts:
                *earlier, last = map(dict, one.attempts)
                attempts = (*earlier, {**last, "receipts": [one.receipt] if one.receipt else []})
                headers = {"Content-Type": "application/json"}
                name = f"forget-{one.request}"
                yield Entry(name, "/v1/forget", headers, one.body.encode(), attempts)


def _attempts(state: State, name: str) -> tuple[dict[str, Any], ...]:
    try:
        with open(os.path.join(state.history, name + ATTEMPTS), "rb") as file:
            return tuple(json.loads(line) for line in file if line.endswith(b"}\n"))
    except FileNotFoundError:
        return ()


def _names(state: State) -> list[str]:
    try:
        files = os.listdir(state.history)
    except FileNotFoundError:
        return []
    return sorted(file.removesuffix(BODY) for file in files if file.endswith(BODY))


def drop_old(state: State, now: float) -> None:
    """Keep to the bounds; `now` in seconds since 1970."""
    bytes_left = MOST_BYTES
    for name in reversed(_names(state)):
        paths = [os.path.join(state.history, name + ending) for ending in (BODY, ATTEMPTS)]
        bytes_left -= sum(os.path.getsize(path) for path in paths if os.path.exists(path))
        sent_at = max((float(a["at"]) for a in _attempts(state, name)), default=now)
        if bytes_left < 0 or now - sent_at > LONGEST_KEPT:
            for path in paths:
                remove(path)
