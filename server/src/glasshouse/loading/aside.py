"""Records that could not be loaded, kept for an operator: DATA/journal-aside/, mode 0600.

They hold accepted items as the journal held them, so an erasure has to look here too.
"""

import os
from pathlib import Path

from glasshouse.model import Position


def put_aside(directory: Path, payload: bytes, end: Position) -> Path:
    """Keep a payload, durably. The name is its place, so doing it twice changes nothing."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{end.segment:012d}-{end.offset:016d}.record"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
    return path
