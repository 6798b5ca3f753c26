"""`forget`: the person asks that all that left this machine be erased, and turns the telemetry off.

    note       the requests stand in `forget.json`, synced, before anything is removed
    refuse     the answer is off, and everything else here goes: spool, history, identity, secret
    ask        a process of its own posts the requests (`sender/forgetting.py`)
    go on      where no network is there, the next run of the product or of `forget` posts them

They are the only thing that leaves while the telemetry is off. States of a request:

    waiting    the collector has not answered yet
    pending    the collector has noted it and says by when it is done
    done       the collector says that it is done
    refused    the collector knows no such proof
    unproven   what left carried no proof, so no collector could tell who asks: none is asked
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from glasshouse_sdk import locks
from glasshouse_sdk.answers import EVERY, give_answer
from glasshouse_sdk.departures import PROVEN, UNPROVEN, read_departures
from glasshouse_sdk.destination import Destination
from glasshouse_sdk.jsontext import as_json, parsed
from glasshouse_sdk.launching import has_ended, launch
from glasshouse_sdk.refusing import discard_everything
from glasshouse_sdk.schedule import Delivery
from glasshouse_sdk.sender.proving import key_to_forget
from glasshouse_sdk.state import FORGET, State

MOST_KEPT = 20  # requests that are over, the newest
MOST_INSTANCES = 1000
PATIENCE = 2.0
POLL = 0.02
Forgotten = Literal["done", "pending", "waiting", "refused"]
OVER = ("done", "refused", UNPROVEN)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """One request, for one instance. `key` proves it and is kept until the collector has it."""

    request: str
    product: str
    instance: str
    endpoint: str
    asked_at: str
    state: str
    key: str = ""
    problem: str = ""
    contact: str = ""
    receipt: Mapping[str, Any] = field(default_factory=dict)
    attempts: tuple[Mapping[str, Any], ...] = ()
    delivery: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """What is posted, byte for byte."""
        return as_json(
            {"request": self.request, "product": self.product, "instance": self.instance}
        )

    def is_due(self, now: float) -> bool:
        return self.state == "waiting" and Delivery(**self.delivery).is_due(now)


def read_forgettings(state: State) -> tuple[Forgetting, ...]:
    """All requests, the oldest first. Raises `OSError`, `ValueError`."""
    text = state.read(FORGET)
    if text is None:
        return ()
    try:
        return tuple(
            Forgetting(**{**raw, "attempts": tuple(raw["attempts"])})
            for raw in parsed(text)["requests"]
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"{state.path(FORGET)}: {error}") from None


def change_forgettings(
    state: State, change: Callable[[tuple[Forgetting, ...]], tuple[Forgetting, ...]]
) -> None:
    """Read, change and keep the requests, alone. Raises `OSError`, `ValueError`."""
    with _alone(state):
        before = read_forgettings(state)
        after = change(before)
        if after != before:
            over = [one for one in after if one.state in OVER]
            dropped = over[: max(len(over) - MOST_KEPT, 0)]
            kept = [asdict(one) for one in after if one not in dropped]
            state.write(FORGET, as_json({"requests": kept}) + "\n", lasting=True)


def forget(
    compiled: Mapping[str, Any],
    state: State,
    destination: Destination,
    environ: Mapping[str, str],
    *,
    by: str,
    seconds: float,
) -> tuple[Forgetting, ...]:
    """Ask, refuse, and wait for the collector's answer for so many seconds at most.

    Every request that was ever made here; none, if nothing ever left. Raises `OSError`,
    `ValueError`.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    note(state, destination, now)
    version = compiled["product"]["consent_version"]
    channels = tuple(compiled["channels"])
    give_answer(state, channels, EVERY, says="off", at=now, by=by, version=version)
    discard_everything(state)
    asked = read_forgettings(state)
    if any(one.state in ("waiting", "pending") for one in asked):
        _ask_and_wait(state, environ, seconds)
    return read_forgettings(state)


def worst(asked: tuple[Forgetting, ...]) -> Forgotten:
    """The state of all requests together; what could not be asked is refused."""
    states = {one.state for one in asked}
    if states & {"refused", UNPROVEN}:
        return "refused"
    if "waiting" in states:
        return "waiting"
    return "pending" if "pending" in states else "done"


def note(state: State, destination: Destination, now: str) -> None:
    """Write down what is to be asked, for each instance that something left as."""
    departures = read_departures(state)
    if not departures:
        return
    secret = (state.read("secret") or "").strip()
    slug = destination.slug
    key = key_to_forget(secret, slug) if secret else ""
    contact = str(destination.manifest["product"].get("contact", ""))
    made = tuple(
        Forgetting(
            request=os.urandom(16).hex(),
            product=slug,
            instance=instance,
            endpoint=destination.endpoint,
            asked_at=now,
            state="waiting" if how == PROVEN and key else UNPROVEN,
            key=key if how == PROVEN else "",
            problem="" if how == PROVEN and key else "it left without a proof",
            contact=contact,
        )
        for instance, how in list(departures.items())[-MOST_INSTANCES:]
    )

    def add(known: tuple[Forgetting, ...]) -> tuple[Forgetting, ...]:
        # A run that ended between noting and removing has noted these already.
        asked = {one.instance for one in known if one.state != "done"}
        return known + tuple(one for one in made if one.instance not in asked)

    change_forgettings(state, add)


def settled(one: Forgetting, **changes: Any) -> Callable[[tuple[Forgetting, ...]], Any]:
    """A change of one request, for `change_forgettings`."""

    def change(known: tuple[Forgetting, ...]) -> tuple[Forgetting, ...]:
        return tuple(replace(k, **changes) if k.request == one.request else k for k in known)

    return change


def go_on_forgetting(state: State, environ: Mapping[str, str], now: float) -> int | None:
    """Post in the background what could not be posted before: the process, if one was started."""
    if any(one.is_due(now) for one in read_forgettings(state)):
        return launch(state.directory, (), environ)
    return None


def _ask_and_wait(state: State, environ: Mapping[str, str], seconds: float) -> None:
    process = launch(state.directory, (), environ, lifetime=seconds, asked=True)
    if process is None:
        from glasshouse_sdk.sender.forgetting import (
            ask_to_forget,
        )  # a frozen program, which has no Python to start, asks here

        ask_to_forget(state, environ, time.time() + seconds, asked=True)
        return
    while not has_ended(process):  # it ends itself at its deadline
        time.sleep(POLL)


@contextlib.contextmanager
def _alone(state: State) -> Iterator[None]:
    """The lock is on the directory itself: no file of a lock stays while the telemetry is off."""
    try:
        descriptor = os.open(state.directory, os.O_RDONLY)
    except OSError:  # Windows opens no directory; there two at once may lose one another's change
        yield
        return
    try:
        if not locks.try_alone(descriptor, PATIENCE):
            raise OSError(f"{state.directory}: found it locked; try again")
        yield
    finally:
        os.close(descriptor)
