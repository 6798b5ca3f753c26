"""`send`: now, by the same process that a product would start."""

from __future__ import annotations

import argparse
import time
from typing import Any

from glasshouse_sdk.claims import claims, open_files
from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.destination import keep_destination
from glasshouse_sdk.launching import has_ended, launch
from glasshouse_sdk.schedule import read_delivery
from glasshouse_sdk.surroundings import variables
from glasshouse_sdk.tallies import lost

POLL = 0.02  # seconds


def send(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    """Well if everything that waited was acknowledged."""
    state = subject.state
    if not subject.consent().may_send:
        return _result(problem=_why_not(subject)), False
    if not open_files(state) and not claims(state):
        return _result(sent=True), True
    before = lost(state)
    _run_sender(subject, arguments.seconds)
    if not subject.consent().may_send:  # the collector has ended it, or a person meanwhile
        return _result(problem=_why_not(subject)), False
    left = sum(claim.count for claim in claims(state))
    if left:
        waits = read_delivery(state).problem or "another sender is at work, or time was over"
        return _result(left=left, problem=waits), False
    refused = lost(state) - before
    return _result(sent=True, refused=refused), not refused


def _run_sender(subject: Subject, seconds: float) -> None:
    if not 0 < seconds <= 3600:
        raise CommandError(f"found --seconds {seconds:g}; expected 1 to 3600")
    destination = subject.destination()
    if not destination.endpoint:
        raise CommandError("found no endpoint; expected one in the manifest or --endpoint URL")
    keep_destination(subject.state, destination)
    names = variables(subject.compiled["switches"])
    environ = subject.surroundings.environ
    process = launch(subject.state.directory, names, environ, lifetime=seconds, asked=True)
    if process is None:
        raise CommandError("found no Python to start the sender with; run this with python3")
    while not has_ended(process):  # it ends itself at its deadline
        time.sleep(POLL)


def _result(
    *, sent: bool = False, left: int = 0, refused: int = 0, problem: str = ""
) -> dict[str, Any]:
    return {"sent": sent, "left": left, "refused": refused, "problem": problem}


def _why_not(subject: Subject) -> str:
    return "the telemetry is " + ("off" if subject.consent().is_all_off else "not yet answered")


def send_text(result: Any) -> str:
    if result["refused"]:
        return f"{result['refused']} items will never arrive; `history` and `status` tell more."
    if result["sent"]:
        return "Everything is sent and acknowledged."
    if not result["left"]:
        return f"Nothing is sent: {result['problem']}."
    return f"{result['left']} items are left: {result['problem']}"
