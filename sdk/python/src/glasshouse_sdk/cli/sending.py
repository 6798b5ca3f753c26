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

POLL = 0.02  # seconds


def send(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    state = subject.state
    consent = subject.consent()
    if not consent.may_send:
        state_now = "off" if consent.is_all_off else "not yet answered"
        return {"sent": False, "left": 0, "problem": f"the telemetry is {state_now}"}, False
    if not open_files(state) and not claims(state):
        return {"sent": True, "left": 0, "problem": ""}, True
    if not 0 < arguments.seconds <= 3600:
        raise CommandError(f"found --seconds {arguments.seconds:g}; expected 1 to 3600")
    destination = subject.destination()
    if not destination.endpoint:
        raise CommandError("found no endpoint; expected one in the manifest or --endpoint URL")
    keep_destination(state, destination)
    names = variables(subject.compiled["switches"])
    process = launch(
        state.directory, names, subject.surroundings.environ, lifetime=arguments.seconds, asked=True
    )
    if process is None:
        raise CommandError("found no Python to start the sender with; run this with python3")
    while not has_ended(process):  # it ends itself at its deadline
        time.sleep(POLL)
    left = sum(claim.count for claim in claims(state))
    problem = read_delivery(state).problem
    if left and not problem:
        problem = "another sender is at work, or the deadline was over"
    return {"sent": not left, "left": left, "problem": problem if left else ""}, not left


def send_text(result: Any) -> str:
    if result["sent"]:
        return "Everything is sent and acknowledged."
    return f"{result['left']} items are left: {result['problem']}"
