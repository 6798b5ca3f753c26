"""Brings requests to a collector's door, keeping what it answers with "later" for later."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

TAKEN = (200, 204)
LATER = (429, 503)
TRIES = 8
LONGEST_WAIT = 10.0


class DeliveryError(RuntimeError):
    """A collector that could not be reached, or that refuses the fleet's requests."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a door, holding `items` items.

    `stamp` names the key of the document that takes the time of sending, as the sender's clock
    has it, which is `skew` off.
    """

    path: str
    headers: Mapping[str, str]
    document: Mapping[str, Any]
    items: int
    stamp: str | None = None
    skew: timedelta = timedelta()

    def body(self, now: datetime) -> bytes:
        document = dict(self.document)
        if self.stamp:
            document[self.stamp] = wire_time(now + self.skew)
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def wire_time(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def deliver(
    requests: Iterable[Request],
    endpoint: str,
    sent: Callable[[int], None],
    *,
    now: Callable[[], datetime],
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Posts one request after the other and calls `sent` with the items of each.

    Raises DeliveryError with what was found when a request is refused or stays unanswered.
    """
    with httpx.Client(base_url=endpoint, timeout=30, trust_env=False) as client:
        for request in requests:
            _post(client, request, now, wait)
            sent(request.items)


def _post(
    client: httpx.Client,
    request: Request,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
) -> None:
    headers = {"Content-Type": "application/json", **request.headers}
    found = ""
    for attempt in range(TRIES):
        pause = min(0.2 * 2**attempt, LONGEST_WAIT)
        try:
            answer = client.post(request.path, content=request.body(now()), headers=headers)
        except httpx.TransportError as error:
            found = f"{type(error).__name__}: {error}"
        else:
            if answer.status_code in TAKEN:
                return
            found = f"HTTP {answer.status_code}: {answer.text[:200]}"
            if answer.status_code not in LATER:
                break
            pause = _asked_wait(answer) or pause
        wait(pause)
    raise DeliveryError(f"{str(client.base_url).rstrip('/')}{request.path} answered {found}")


def _asked_wait(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT) if text.isdigit() else None
