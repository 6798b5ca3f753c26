"""The collector's durable log. What is in it has been acknowledged."""

from pathlib import Path

from glasshouse.journal.engines.files.journal import FileJournal
from glasshouse.journal.port import (
    SYNC_BOUNDS,
    Appendable,
    Damage,
    Journal,
    JournalBrokenError,
    ReportDamage,
    Syncs,
)
from glasshouse.model import Position

__all__ = [
    "SYNC_BOUNDS",
    "Appendable",
    "Damage",
    "Journal",
    "JournalBrokenError",
    "ReportDamage",
    "Syncs",
    "open_journal",
]


def open_journal(
    directory: Path,
    *,
    floor: Position,
    report: ReportDamage,
    threaded: bool = True,
) -> Journal:
    """The journal in `directory`, made if it is not there.

    `floor` is the position that the store has loaded: what is appended comes behind it, even if
    the directory was emptied. `report` is told of damage met while reading. Without `threaded`
    every append writes and syncs by itself, in the caller's thread.
    """
    return FileJournal(directory, floor=floor, report=report, threaded=threaded)
