"""`on` and `off`: the person's own answer."""

from __future__ import annotations

import argparse
import time
from typing import Any

from glasshouse_sdk.answers import EVERY, give_answer
from glasshouse_sdk.cli.subject import CommandError, Subject
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
    states = obey(subject.compiled, subject.surroundings, subject.state, time.time_ns()).states
    return {"answer": "off", "channels": dict(states)}, True


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
    return "\n".join(lines)
