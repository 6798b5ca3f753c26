"""The check for updates: whether there is a newer release of the product.

It is a channel of its own, `update-check`. Product and version leave with it and no identity, and
nothing of it is kept. Where items have just been sent on a wire whose answers tell of the newest
release, that answer is taken, and no second request leaves.
"""

from __future__ import annotations

import threading
import time

from glasshouse_sdk.sender.exchange import ExchangeError, exchange
from glasshouse_sdk.sender.history import entries
from glasshouse_sdk.wires import WIRES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from glasshouse_sdk.destination import Destination
    from glasshouse_sdk.state import State


class Release:
    """The newest release as the collector tells it; `newer`: than the version that asked."""

    __slots__ = ("link", "message", "newer", "version")

    def __init__(self, version: str, newer: bool, link: str, message: str) -> None:
        self.version = version
        self.newer = newer
        self.link = link
        self.message = message


def told_since(state: State, moment: float) -> Release | None:
    """What an answer to items has told since that moment (seconds since 1970)."""
    for entry in reversed(tuple(entries(state))):
        for attempt in reversed(entry.attempts):
            if attempt.get("told") and attempt["at"] >= moment:
                return _release(attempt["told"])
    return None


def ask(
    destination: Destination, version: str, environ: Mapping[str, str], seconds: float
) -> Release | None:
    """Ask by a request of its own; None if no answer came in time, or none that is understood.

    A look-up of a name can hang beyond every time-out, so a thread does it, and may be left behind.
    """
    found: list[Release | None] = []
    worker = threading.Thread(
        target=lambda: found.append(_asked(destination, version, environ, seconds)), daemon=True
    )
    worker.start()
    worker.join(seconds)
    return found[0] if found else None


def _asked(
    destination: Destination, version: str, environ: Mapping[str, str], seconds: float
) -> Release | None:
    wire = WIRES[destination.wire]
    if wire.asks_release is None:
        return None
    request = wire.asks_release(version, destination)
    try:
        answer = exchange(
            destination.endpoint, request, headers={}, compress=False, now=time.time(),
            timeout=seconds, environ=environ,
        )  # fmt: skip
    except ExchangeError:
        return None
    told = wire.judge(answer, request, destination).told
    return None if told is None else _release(told)


def _release(told: Mapping[str, Any]) -> Release:
    return Release(told["version"], told["newer"], told["link"], told["message"])
