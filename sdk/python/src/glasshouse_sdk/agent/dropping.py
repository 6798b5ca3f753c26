"""The drop directory: where a program leaves a file, and what a file may say.

    DROP/SLUG/NAME.json        JSON, one item a line:
                               {"item": "event.build_finished", "fields": {"seconds": 1.5}}
    DROP/SLUG/.quarantine/     files that could not be taken, each with the reason beside it

A program writes the file under another name (or one that begins with a dot) and then renames it, so
that no half file is ever read. A file is taken whole or not at all.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ENDING = ".json"
QUARANTINE = ".quarantine"
LARGEST = 1_000_000  # bytes of one file
LONGEST_KEPT = 7 * 86_400.0  # seconds in quarantine
KNOWN = {"item", "fields"}


class PoisonedError(Exception):
    """A file that can never be taken; the text says what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """One file: where it is, when it was written (nanoseconds), and the items in it."""

    path: str
    written_at: int
    items: tuple[tuple[str, dict[str, Any]], ...]


def waiting_files(directory: str) -> list[str]:
    """The paths of the files that are ready, by name. Raises `OSError`."""
    names = sorted(os.listdir(directory))
    return [
        os.path.join(directory, name)
        for name in names
        if name.endswith(ENDING) and not name.startswith(".")
    ]


def read_dropped(path: str) -> Dropped:
    """Read one file. Raises `OSError`, or `PoisonedError` if it says nothing that can be taken."""
    try:
        # Anybody may write here, so a link to another file is not followed, nor a pipe waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except PermissionError:
        raise PoisonedError("found a file that may not be read; expected mode 0644") from None
    except OSError as error:
        if os.path.islink(path):
            raise PoisonedError("found a link; expected a file") from None
        raise error from None
    with open(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise PoisonedError("found no regular file; expected one")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise PoisonedError(f"found more than {LARGEST} bytes; expected smaller files")
    items = tuple(_item(line, n) for n, line in enumerate(data.splitlines(), 1) if line.strip())
    return Dropped(path, facts.st_mtime_ns, items)


def _item(line: bytes, number: int) -> tuple[str, dict[str, Any]]:
    expected = 'expected {"item": "event.NAME", "fields": {...}} on each line'
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise PoisonedError(f"line {number}: found no JSON; {expected}") from None
    if not isinstance(raw, dict) or set(raw) - KNOWN or not isinstance(raw.get("item"), str):
        raise PoisonedError(f"line {number}: found something else; {expected}")
    fields = raw.get("fields", {})
    if not isinstance(fields, dict):
        raise PoisonedError(f"line {number}: found fields that are no object; {expected}")
    return raw["item"], fields


def put_in_quarantine(path: str, reason: str) -> None:
    """Move a file out of the way, with its reason beside it. Raises `OSError`."""
    directory = os.path.join(os.path.dirname(path), QUARANTINE)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    target = os.path.join(directory, os.path.basename(path))
    with open(f"{target}.why", "w", encoding="utf-8") as file:
        file.write(reason + "\n")
    os.replace(path, target)


def empty_quarantine(directory: str, now: float) -> None:
    """Remove what has been in quarantine for a week; `now` in seconds since 1970."""
    for path in _quarantined(directory):
        if now - os.lstat(path).st_ctime > LONGEST_KEPT:
            os.unlink(path)


def _quarantined(directory: str) -> Iterator[str]:
    place = os.path.join(directory, QUARANTINE)
    try:
        names = os.listdir(place)
    except FileNotFoundError:
        return
    yield from (os.path.join(place, name) for name in names)
