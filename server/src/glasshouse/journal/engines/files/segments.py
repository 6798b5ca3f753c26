"""The segment files of a journal directory: their names, their order, their durable directory."""

import os
from pathlib import Path

from glasshouse.durability import sync_path

SUFFIX = ".journal"


def segment_path(directory: Path, number: int) -> Path:
    return directory / f"{number:012d}{SUFFIX}"


def segment_numbers(directory: Path) -> list[int]:
    """The numbers of the segments that are there, ascending."""
    stems = (path.stem for path in directory.glob(f"*{SUFFIX}"))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def create_segment(directory: Path, number: int) -> int:
    """A descriptor of a new segment whose name survives a power cut."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(segment_path(directory, number), flags, 0o600)
    try:
        sync_path(directory)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
