"""Records that could not be loaded, kept for an operator: DATA/journal-aside/, mode 0600.

They hold accepted items as the journal held them, so an erasure has to look here too.
"""

from pathlib import Path

from glasshouse.catalogue.files import write_whole
from glasshouse.model import Position


def put_aside(directory: Path, payload: bytes, end: Position) -> Path:
    """Keep a payload, durably. The name is its place, so doing it twice changes nothing."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{end.segment:012d}-{end.offset:016d}.record"
    write_whole(path, payload)
    return path
