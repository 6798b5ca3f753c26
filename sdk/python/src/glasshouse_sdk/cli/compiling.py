"""`compile`: the manifest as the product ships it."""

from __future__ import annotations

import argparse
import json
from typing import Any

from glasshouse_sdk.cli.subject import Subject


def compiled(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    if arguments.output is None:
        return subject.compiled, True
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write(compiled_text(subject.compiled) + "\n")
    return {"output": arguments.output, "digest": subject.compiled["digest"]}, True


def compiled_text(result: Any) -> str:
    """The same text that `glasshouse_sdk.manifest.compiled_text` makes, without its last end."""
    return json.dumps(result, ensure_ascii=False, indent=1)


def compiled_shown(result: Any) -> str:
    if result.keys() == {"output", "digest"}:
        return f"Wrote {result['output']}, {result['digest']}."
    return compiled_text(result)
