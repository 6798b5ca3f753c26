"""The list of erasures, outside the store: DATA/erasures.jsonl.

A backup that is restored brings back what was erased since; the list says what has to go again.
It names identities by keyed hashes. One line is one erasure asked for, or one done with its
receipt; lines are only ever added, each synced before the store is touched.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from glasshouse.catalogue.files import SmallFiles
from glasshouse.store import Erasure

NAME = "erasures.jsonl"
ASKED, DONE = "asked", "done"


def asked(data: Path) -> Iterator[tuple[Erasure, str]]:
    """Every erasure that was ever asked for here, with the print of its key, oldest first."""
    for entry in entries(data / NAME):
        if entry["state"] == ASKED:
            yield erasure_of(entry), entry["key"]


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """All whole lines. The last may have been cut off by a power cut; nothing was done for it."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError:
            if number < len(lines):
                raise ValueError(
                    f"{path}: line {number} cannot be read, expected JSON; restore the file from a "
                    "backup: without it erased items could come back"
                ) from None


def note_asked(files: SmallFiles, erasure: Erasure, key_print: str) -> None:
    entry = {
        "state": ASKED,
        "name": erasure.name,
        "key": key_print,
        "product": erasure.product,
        "kind": erasure.kind,
        "mark": erasure.mark,
        "asked_at": erasure.asked_at.isoformat(),
        "since": erasure.since.isoformat() if erasure.since else None,
        "until": erasure.until.isoformat() if erasure.until else None,
        "origin": erasure.origin,
    }
    _append(files, entry)


def note_done(files: SmallFiles, receipt: Mapping[str, Any]) -> None:
    _append(files, {"state": DONE, **receipt})


def join(files: SmallFiles, other: Path) -> int:
    """Take over the entries of another list that this one does not have; how many."""
    have = [json.dumps(entry, sort_keys=True) for entry in entries(files.directory / NAME)]
    missing = [entry for entry in entries(other) if json.dumps(entry, sort_keys=True) not in have]
    for entry in missing:
        _append(files, entry)
    return len(missing)


def _append(files: SmallFiles, entry: Mapping[str, Any]) -> None:
    files.append(NAME, json.dumps(entry, sort_keys=True).encode() + b"\n")


def erasure_of(entry: Mapping[str, Any]) -> Erasure:
    """The erasure that an entry of state `asked` names."""

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(entry[name]) if entry.get(name) else None

    return Erasure(
        name=entry["name"],
        product=entry["product"],
        asked_at=datetime.fromisoformat(entry["asked_at"]),
        kind=entry.get("kind"),
        mark=entry.get("mark"),
        since=moment("since"),
        until=moment("until"),
        origin=entry.get("origin"),
    )
