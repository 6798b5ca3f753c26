"""The delivery, as a list of steps:

take the lock          at most one sender at a time on one state directory
ask consent            again before every request; a refusal ends everything here
seal, keep bounds      what processes wrote so far becomes claims
freeze                 the oldest claim's request is written down, or found written down
expect the worst       the next attempt's time is set as if this one had failed already
post                   one exchange
settle                 what the wire's judgement says: remove, keep, halve, or end
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse_sdk import locks, tallies
from glasshouse_sdk.allowance import keep_allowance
from glasshouse_sdk.claims import Claim, claims, drop_over_bounds, seal_all
from glasshouse_sdk.departures import note_departure
from glasshouse_sdk.destination import Destination, read_destination
from glasshouse_sdk.refusing import discard_everything
from glasshouse_sdk.schedule import Delivery, keep_delivery, read_delivery
from glasshouse_sdk.sender.exchange import ExchangeError, exchange
from glasshouse_sdk.sender.freezing import UnknownWireError, frozen_request, halve
from glasshouse_sdk.sender.history import drop_old, keep_attempt, keep_body
from glasshouse_sdk.sender.permission import Permission
from glasshouse_sdk.sender.proving import proof
from glasshouse_sdk.state import ENDED, State
from glasshouse_sdk.surroundings import Surroundings
from glasshouse_sdk.wires import WIRES, Answer, Judgement, Request, Wire

LOCK = "sender.lock"
LONGEST_WAIT = 10.0  # seconds for one connect, write or read


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the sender; `deadline` in seconds since 1970."""

    state: State
    destination: Destination
    environ: Mapping[str, str]
    deadline: float

    @property
    def permission(self) -> Permission:
        surroundings = Surroundings(self.environ, **self.destination.surroundings)
        return Permission(self.state, self.destination, surroundings)

    def may_send(self) -> bool:
        """Whether anything may be sent; if all is refused, nothing is left here."""
        consent = self.permission.everywhere()
        if consent.is_all_off:
            discard_everything(self.state)
        return consent.may_send


def deliver_all(state: State, environ: Mapping[str, str], deadline: float) -> None:
    """Send until nothing is left, something fails, or the deadline is over."""
    destination = read_destination(state)
    if destination is None:
        return
    run = Run(state, destination, environ, deadline)
    descriptor = os.open(state.path(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Without locks (Windows) two senders may meet; the collector then finds the repeats.
        if not locks.try_alone(descriptor):
            return
        seal_all(state, time.time_ns())
        dropped = drop_over_bounds(state, time.time_ns())
        if dropped:
            tallies.count(state, "dropped", dropped)
        while time.time() < deadline and _deliver_next(run):
            pass
        if os.path.isdir(state.history):
            drop_old(state, time.time())
    finally:
        os.close(descriptor)


def _deliver_next(run: Run) -> bool:
    """Send the oldest request that may be sent; whether to go on with the next."""
    for waiting in claims(run.state):
        if not run.may_send():
            return False
        states = run.permission.of(waiting)
        try:
            frozen = frozen_request(run.state, waiting, run.destination, states)
        except UnknownWireError as error:
            _fail(run.state, read_delivery(run.state), str(error), None)
            return False
        if frozen is not None:
            return _deliver(run, *frozen)
    return False


def _deliver(run: Run, claim: Claim, request: Request) -> bool:
    before = read_delivery(run.state)
    # Whatever ends this process from here on, the next attempt keeps its distance.
    _fail(run.state, before, "the sender was ended before an answer came", None)
    keep_body(run.state, claim)
    note_departure(run.state, claim, _is_proven(run))
    now = time.time()
    answer, judgement = _post(run, request, now)
    if not run.may_send():
        return False  # refused while the answer was under way: nothing more is written
    attempt = {
        "at": now,
        "endpoint": run.destination.endpoint,
        "status": answer and answer.status,
        "verdict": judgement.verdict,
        "problem": judgement.problem,
        "receipts": judgement.receipts,
    }
    if judgement.told is not None:
        attempt["told"] = judgement.told
    keep_attempt(run.state, claim, attempt)
    return _settle(run, claim, judgement, before, answer.retry_after if answer else None)


def _post(run: Run, request: Request, now: float) -> tuple[Answer | None, Judgement]:
    wire = WIRES[run.destination.wire]
    try:
        answer = exchange(
            run.destination.endpoint,
            request,
            headers=_authority(run, wire),
            compress=wire.compresses,
            now=now,
            timeout=max(0.1, min(LONGEST_WAIT, run.deadline - now)),
            environ=run.environ,
        )
    except ExchangeError as error:
        return None, Judgement("retry", str(error))
    return answer, wire.judge(answer, request, run.destination)


def _is_proven(run: Run) -> bool:
    return WIRES[run.destination.wire].proves and bool(run.state.read("secret"))


def _authority(run: Run, wire: Wire) -> dict[str, str]:
    """The headers that say who sends. They are neither previewed nor kept: they are keys."""
    headers = {}
    authorization = wire.authorization(run.destination.key)
    if authorization is not None:
        headers["Authorization"] = authorization
    secret = run.state.read("secret")
    if secret and _is_proven(run):
        headers["Glasshouse-Proof"] = proof(secret.strip(), run.destination.slug)
    return headers


def _settle(
    run: Run, claim: Claim, judgement: Judgement, before: Delivery, retry_after: float | None
) -> bool:
    """Do what the judgement says; whether the collector can be asked on."""
    state = run.state
    if judgement.verdict == "retry":
        _fail(state, before, judgement.problem, retry_after)
        return False
    if judgement.verdict == "ended":
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        digest = run.destination.manifest["digest"]
        discard_everything(state)
        state.make_root()
        state.write(ENDED, json.dumps({"digest": digest, "at": at}) + "\n", lasting=True)
        return False
    if judgement.verdict == "halve":
        halve(state, claim)
    else:
        claim.remove()
        if judgement.verdict == "give-up":
            tallies.count(state, "refused_by_collector", claim.count)
        rejected = sum(receipt["outcome"] == "rejected" for receipt in judgement.receipts)
        if rejected:
            tallies.count(state, "rejected_by_collector", rejected)
        if judgement.verdict == "acknowledged":
            keep_allowance(state, claim.digest, judgement.allow)
    keep_delivery(state, before.succeeded(time.time()))
    return True


def _fail(state: State, before: Delivery, problem: str, retry_after: float | None) -> None:
    chance = random.random()
    keep_delivery(state, before.failed(time.time(), problem, chance, retry_after))
