"""`record`: one item from the command line, typed as the manifest declares it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from glasshouse_sdk.cli.subject import CommandError, Subject
from glasshouse_sdk.items import declared_path
from glasshouse_sdk.telemetry import Telemetry
from glasshouse_sdk.values import RefusedError


def record(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    consent = subject.consent()
    try:
        path = declared_path(arguments.name, subject.compiled["items"])
        item = subject.compiled["items"][path]
        fields = dict(_field(item["fields"], word) for word in arguments.fields)
        if consent.states[item["channel"]] == "off":
            return {"recorded": False, "item": path, "problem": "the telemetry is off"}, False
        destination = subject.destination()
        telemetry = Telemetry(
            subject.compiled,
            version=arguments.product_version,
            key=destination.key,
            endpoint=destination.endpoint,
            state=subject.state.directory,
            project=subject.surroundings.project,
            properties=subject.surroundings.properties,
            policy=subject.surroundings.policy,
            origin=arguments.origin,
            strict=True,
        )
        telemetry.record(path, **fields)
    except RefusedError as error:
        raise CommandError(str(error)) from None
    return {"recorded": True, "item": path, "problem": ""}, True


def _field(declared: Mapping[str, Any], word: str) -> tuple[str, Any]:
    name, separator, text = word.partition("=")
    if not separator:
        raise CommandError(f"found '{word}'; expected FIELD=VALUE")
    if name not in declared:
        raise CommandError(f"found field '{name}'; expected one of {', '.join(declared)}")
    kind = declared[name]["type"]
    try:
        return name, READERS.get(kind, str)(text)
    except (ValueError, KeyError):
        raise CommandError(f"found {name}={text}; expected a value of type {kind}") from None


READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "duration": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "time": datetime.fromisoformat,
    "map": json.loads,
    "list": json.loads,
    "group": json.loads,
}


def record_text(result: Any) -> str:
    if result["recorded"]:
        return f"Recorded {result['item']}."
    return f"Not recorded: {result['problem']}."
