"""What every wire format takes and gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from glasshouse_sdk.destination import Destination

Verdict = Literal["acknowledged", "retry", "give-up", "halve", "ended"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one stream as `record` wrote them: `lines` as bytes, `items` as values."""

    lines: tuple[bytes, ...]
    items: tuple[Mapping[str, Any], ...]
    digest: str
    origin: str


@dataclass(frozen=True, slots=True)
class Request:
    """A frozen request. The body is as it is previewed; on the way it may be compressed."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json_object(self) -> dict[str, Any] | None:
        """The body if it is a JSON object; a captive portal's page is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def retry_after(self) -> float | None:
        """The seconds that the collector asks to wait, if it does so in seconds."""
        text = self.headers.get("retry-after", "").strip()
        return float(text) if text.isdecimal() and len(text) < 10 else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer means for a request.

    acknowledged  the collector has taken responsibility; `receipts` may say more of each item
    retry         keep everything and come back later
    halve         the request cannot be taken as a whole; smaller ones may
    give-up       this one item will never be taken
    ended         this product's collection is over
    """

    verdict: Verdict
    problem: str = ""
    receipts: tuple[Mapping[str, Any], ...] = ()
    allow: tuple[str, ...] | None = None  # what the collector still wants; None: all of it


@dataclass(frozen=True, slots=True)
class Wire:
    encode: Callable[[Batch, Destination], Request]
    judge: Callable[[Answer, Request], Judgement]
    authorization: Callable[[str], str | None]
    compresses: bool
    path: str
    proves: bool = False  # whether a request carries the instance's proof


def smaller(answer: Answer, request: Request) -> Judgement:
    """The judgement on a request that is refused for what is in it."""
    verdict: Verdict = "halve" if len(request.ids) > 1 else "give-up"
    return Judgement(verdict, f"answered {answer.status}")


def later(answer: Answer, why: str = "") -> Judgement:
    return Judgement("retry", f"answered {answer.status}" + (f" {why}" if why else ""))
