"""`stubs`: the manifest as a typed Python class."""

from __future__ import annotations

import argparse
from typing import Any

from glasshouse_sdk.cli.subject import Subject
from glasshouse_sdk.stubs import python_class


def stubs(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    text = python_class(subject.compiled)
    if arguments.output is None:
        return {"text": text}, True
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write(text)
    return {"output": arguments.output}, True


def stubs_text(result: Any) -> str:
    if "output" in result:
        return f"Wrote {result['output']}."
    return str(result["text"]).rstrip("\n")
