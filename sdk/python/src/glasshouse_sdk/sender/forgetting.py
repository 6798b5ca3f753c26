"""Posts requests to be forgotten, and asks what became of them.

Acknowledged is an answer of the collector's own: a receipt with the name of the request. A portal's
page, a proxy's refusal or an older collector's 404 is none: the request waits.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glasshouse_sdk.forgetting import (
    Forgetting,
    change_forgettings,
    read_forgettings,
    settled,
)
from glasshouse_sdk.schedule import Delivery
from glasshouse_sdk.sender.exchange import ExchangeError, exchange
from glasshouse_sdk.state import State
from glasshouse_sdk.wires import Answer, Request

PATH = "/v1/forget"
LONGEST_WAIT = 10.0  # seconds for one connect, write or read
STATES = ("pending", "done")
MOST_ATTEMPTS = 10  # kept of one request


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach a collector, and until when; `deadline` in seconds since 1970."""

    environ: Mapping[str, str]
    deadline: float

    def exchange(
        self, one: Forgetting, request: Request, headers: Mapping[str, str], method: str
    ) -> tuple[Answer | None, str]:
        """The answer, or why there is none."""
        now = time.time()
        timeout = max(0.1, min(LONGEST_WAIT, self.deadline - now))
        try:
            return exchange(
                one.endpoint, request, headers=headers, compress=False, now=now,
                timeout=timeout, environ=self.environ, method=method,
            ), ""  # fmt: skip
        except ExchangeError as error:
            return None, str(error)


def ask_to_forget(
    state: State, environ: Mapping[str, str], deadline: float, *, asked: bool
) -> None:
    """Post what is due. `asked`: a person asks now, so what waits is posted whether it is due or
    not, and the collector is asked what became of the others.
    """
    way = Way(environ, deadline)
    for one in read_forgettings(state):
        now = time.time()
        if now >= deadline:
            return
        if one.is_due(now) or (asked and one.state == "waiting"):
            _post(state, one, way)
        elif asked and one.state == "pending":
            _look(state, one, way)


def _post(state: State, one: Forgetting, way: Way) -> None:
    now, chance = time.time(), random.random()
    before = Delivery(**one.delivery)
    # Whatever ends this process from here on, the next attempt keeps its distance.
    change_forgettings(
        state, settled(one, delivery=before.failed(now, "no answer came", chance).as_dict())
    )
    headers = {"Content-Type": "application/json"}
    request = Request(PATH, headers, one.body.encode(), (one.request,))
    answer, problem = way.exchange(one, request, {"Glasshouse-Forget": one.key}, "POST")
    changes = _judge(one, answer, problem)
    attempt = {
        "at": now,
        "endpoint": one.endpoint,
        "status": answer and answer.status,
        "verdict": changes["state"],
        "problem": changes["problem"],
        "receipts": [changes["receipt"]] if changes["receipt"] else [],
    }
    asked_pause = answer.retry_after if answer is not None else None
    failed = before.failed(now, changes["problem"], chance, asked_pause)
    attempts = (*one.attempts[1 - MOST_ATTEMPTS :], attempt)
    change_forgettings(state, settled(one, **changes, attempts=attempts, delivery=failed.as_dict()))


def _look(state: State, one: Forgetting, way: Way) -> None:
    request = Request(f"{PATH}/{one.request}", {}, b"", ())
    changes = _judge(one, *way.exchange(one, request, {}, "GET"))
    if changes["state"] in STATES:
        change_forgettings(state, settled(one, **changes))
    else:  # noted it is, whatever this answer was
        change_forgettings(state, settled(one, problem=changes["problem"]))


def _judge(one: Forgetting, answer: Answer | None, problem: str) -> dict[str, Any]:
    """What changes of the request by this answer."""
    if answer is None:
        return {"state": "waiting", "problem": problem, "receipt": {}}
    told = answer.json_object() or {}
    receipt = told.get("receipt")
    receipt = receipt if isinstance(receipt, dict) else {}
    is_ours = receipt.get("request") == one.request and receipt.get("state") in STATES
    if answer.status in (200, 202) and is_ours:
        # The key has done its work; whoever reads this file later shall not find it.
        return {"state": receipt["state"], "problem": "", "receipt": receipt, "key": ""}
    error = told.get("error")
    reason = error.get("reason") if isinstance(error, dict) else None
    if answer.status == 403 and reason == "bad_proof":
        problem = "the collector knows no such proof"
        return {"state": "refused", "problem": problem, "receipt": {}, "key": ""}
    said = f" {reason}" if isinstance(reason, str) else ", not by a collector"
    return {"state": "waiting", "problem": f"answered {answer.status}{said}", "receipt": {}}
