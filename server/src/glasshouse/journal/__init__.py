"""The collector's durable log. What is in it has been acknowledged."""

from pathlib import Path

from glasshouse.jetstream import JetStream
from glasshouse.journal.engines.files.journal import FileJournal
from glasshouse.journal.engines.nats.journal import NatsJournal
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
    jetstream: JetStream | None = None,
    partition: int = 0,
) -> Journal:
    """The journal in `directory`, or in NATS where there is a connection; made if it is not there.

    `floor` is the position that the store has loaded: what is appended comes behind it, even if
    the directory was emptied. `report` is told of damage met while reading. Without `threaded`
    every append writes and syncs by itself, in the caller's thread.

    In NATS, appends go to all partitions, and `partition` is the one that is read, rolled and
    trimmed; `floor` is the position of that one. Raises `JournalBrokenError`.
    """
    if jetstream is not None:
        return NatsJournal(jetstream, partition=partition, floor=floor, report=report)
    return FileJournal(directory, floor=floor, report=report, threaded=threaded)
