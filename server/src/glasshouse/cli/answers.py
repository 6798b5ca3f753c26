"""What a command is answered, by a server or by a directory: objects, refusals, exports."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

from glasshouse.cli.errors import CommandError
from glasshouse.cli.keeping import END
from glasshouse.console.access import WHY


def why_headers(why: str) -> dict[str, str]:
    """Headers that put on record why data is read."""
    return {WHY: why.encode("ascii", "replace").decode()} if why else {}


def object_of(answer: httpx.Response, whose: str) -> dict[str, Any]:
    """The JSON object that the console's interface answers. Raises `CommandError` for any other.

    `whose` is the address or directory that answered.
    """
    document = _object(answer)
    if answer.is_success and document is not None:
        return document
    raise refusal_of(answer, whose)


def refusal_of(answer: httpx.Response, whose: str) -> CommandError:
    """What to say of an answer that is none."""
    document = _object(answer) or {}
    if answer.status_code == 401:
        return CommandError(
            f"{whose} does not know this token, or it has ended; the page Account makes another"
        )
    if "problems" in document:
        return CommandError(problem_lines(document["problems"]), status=2)
    if "message" in document:
        status = 1 if answer.status_code in (403, 404) else 2
        return CommandError(str(document["message"]), status=status)
    said = document.get("error", f"status {answer.status_code}")
    return CommandError(f"{whose} answered '{said}'; expected a Glasshouse server of this version")


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def problem_lines(problems: Iterable[Mapping[str, str]]) -> str:
    """What is wrong with a manifest, one problem a line."""
    lines = [f"  {p['where']}: found {p['found']}; expected {p['expected']}" for p in problems]
    return f"the manifest has {len(lines)} problem{'s' * (len(lines) > 1)}\n" + "\n".join(lines)


def whole_export(lines: Iterable[str]) -> Iterator[str]:
    """The lines before the one that ends an export."""
    for line in lines:
        if json.loads(line).get("table") == END["table"]:
            return
        yield line
    raise CommandError("the export broke off before its end; try again")
