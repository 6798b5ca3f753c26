"""`tracker`: the tracker with a product's configuration, as files to ship with its pages."""

from __future__ import annotations

import argparse
import os
from typing import Any

from glasshouse_sdk.browser import (
    BANNER,
    TRACKER,
    NotForBrowsersError,
    configuration,
    configured,
    tag,
)
from glasshouse_sdk.cli.subject import CommandError, Subject


def tracker(subject: Subject, arguments: argparse.Namespace) -> tuple[Any, bool]:
    try:
        facts = configuration(subject.compiled, arguments.items)
    except NotForBrowsersError as error:
        raise CommandError(f"{subject.manifest}: {error}") from None
    os.makedirs(arguments.output, exist_ok=True)
    files = {name: configured(name, facts) for name in (TRACKER, BANNER)}
    for name, content in files.items():
        with open(os.path.join(arguments.output, name), "wb") as file:
            file.write(content)
    address = arguments.address.rstrip("/") + "/"
    tags = [tag(address + name, content) for name, content in files.items()]
    return {"output": arguments.output, "files": list(files), "tags": tags}, True


def tracker_text(result: Any) -> str:
    names = " and ".join(result["files"])
    return "\n".join((f"Wrote {names} to {result['output']}. For your pages:", *result["tags"]))
