"""`check-connection`: the way to the collector, step by step."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.sender.checking import check_connection


def check(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    """Well if a collector could be reached. While the telemetry is off, nothing is tried."""
    if subject.consent().is_all_off:
        raise CommandError("found the telemetry off; then no packet leaves, not even for a check")
    environ = subject.surroundings.environ
    steps = list(check_connection(subject.destination(), environ, arguments.seconds))
    return [asdict(step) for step in steps], all(step.is_well for step in steps)


def check_text(result: Any) -> str:
    return "\n".join(
        f"{'ok ' if step['is_well'] else 'NOT'} {step['name']:<8} {step['found']}"
        + (f" ({step['seconds'] * 1000:.0f} ms)" if step["seconds"] else "")
        for step in result
    )
