"""`on` and `off`: the person's own answer."""

from __future__ import annotations

import argparse
import time
from typing import Any

from glasshouse_sdk.answers import EVERY, give_answer
from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.departures import read_departures
from glasshouse_sdk.refusing import obey


def on(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    _keep(subject, arguments.channel, "on")
    consent = subject.consent()
    overruled = [f for f in consent.findings if f.says == "off"]
    result: dict[str, Any] = {"answer": "on", "channels": dict(consent.states)}
    if overruled:
        result["overruled_by"] = [finding.as_dict() for finding in overruled]
    return result, not overruled


def off(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    _keep(subject, arguments.channel, "off")
    departed = list(read_departures(subject.state))
    states = obey(subject.compiled, subject.surroundings, subject.state, time.time_ns()).states
    result: dict[str, Any] = {"answer": "off", "channels": dict(states)}
    if departed and "on" not in states.values():
        result["left_as"] = departed
        result["contact"] = subject.compiled["product"].get("contact", "")
    return result, True


def _keep(subject: Subject, channel: str | None, says: str) -> None:
    channels = tuple(subject.compiled["channels"])
    if channel is not None and channel not in channels:
        raise CommandError(f"found channel '{channel}'; expected one of {', '.join(channels)}")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    by = f"glasshouse-sdk {says}"
    version = subject.compiled["product"]["consent_version"]
    give_answer(subject.state, channels, channel or EVERY, says=says, at=at, by=by, version=version)


def answer_text(result: Any) -> str:
    lines = [f"{channel}: {state}" for channel, state in result["channels"].items()]
    for finding in result.get("overruled_by", ()):
        place = f" in {finding['where']}" if finding["where"] else ""
        lines.append(f"Your answer is kept, but {finding['name']}{place} says off, and off wins.")
    if "left_as" in result:
        names = ", ".join(result["left_as"])
        lines.append(
            f"What left before stays with the vendor, as {names}. The secret that proves it is "
            f"gone; to have it erased, ask {result['contact'] or 'the vendor'}. (`forget` instead "
            "of `off` would have asked for you.)"
        )
    return "\n".join(lines)
