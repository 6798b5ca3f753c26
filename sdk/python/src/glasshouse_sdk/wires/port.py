"""What every wire format takes and gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
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
    told: Mapping[str, Any] | None = None  # the newest release: version, newer, link, message


def _nothing_refused(_path: str, _destination: Destination) -> str:
    return ""


def _all_together(items: Sequence[Mapping[str, Any]]) -> Sequence[bool]:
    return [True] * len(items)


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire format.

    `refuses`: why it cannot carry items of this path; empty if it can. `together`: which of some
    items one request carries, the first always; the others wait for the next. `leaves`: what of an
    item it has no place for, in words. `asks_release`: a request of a version alone, whose answer
    tells of the newest release, on those wires that know such a thing.
    """

    encode: Callable[[Batch, Destination], Request]
    judge: Callable[[Answer, Request, Destination], Judgement]
    authorization: Callable[[str], str | None]
    compresses: bool
    path: str
    proves: bool = False  # whether a request carries the instance's proof
    refuses: Callable[[str, Destination], str] = _nothing_refused
    together: Callable[[Sequence[Mapping[str, Any]]], Sequence[bool]] = _all_together
    leaves: str = ""
    asks_release: Callable[[str, Destination], Request] | None = None


def named_for(door: Mapping[str, Any], kind: str, ours: str, otherwise: str) -> str:
    """What the foreign format calls one of our `items`, `fields` or `identities`."""
    names: Mapping[str, str] = door.get(kind, {})
    return next((theirs for theirs, meant in names.items() if meant == ours), otherwise)


def origin_header(batch: Batch) -> dict[str, str]:
    """Runs of tests and builds say so in a header: foreign formats have no other place for it."""
    return {} if batch.origin == "production" else {"Glasshouse-Origin": batch.origin}


def refused(answer: Answer, request: Request) -> Judgement:
    """The judgement on an answer of a foreign format that is none of its acknowledgements."""
    if answer.headers.get("glasshouse-reason") == "ended":
        return Judgement("ended", f"answered {answer.status} ended")
    if answer.status == 413 or (answer.status == 400 and answer.json_object() is not None):
        return smaller(answer, request)
    return later(answer)


def smaller(answer: Answer, request: Request) -> Judgement:
    """The judgement on a request that is refused for what is in it."""
    verdict: Verdict = "halve" if len(request.ids) > 1 else "give-up"
    return Judgement(verdict, f"answered {answer.status}")


def later(answer: Answer, why: str = "") -> Judgement:
    return Judgement("retry", f"answered {answer.status}" + (f" {why}" if why else ""))
