"""Releases of a product with their days and a note: what charts and answers are annotated with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from glasshouse.office.errors import OfficeError, text_of
from glasshouse.people import Database

SCHEMA = """
create table if not exists releases (
    product text not null, version text not null, day text not null, note text not null,
    primary key (product, version)
) without rowid;
"""
LONGEST_VERSION, LONGEST_NOTE, MOST = 64, 200, 2000


@dataclass(frozen=True, slots=True)
class Release:
    """What came out on a day."""

    version: str
    day: date
    note: str


class Releases:
    """By product and version."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        database.hold(SCHEMA)

    def put(self, product: str, version: str, day: date, note: str) -> Release:
        """Set down, or anew for the same version. Raises `OfficeError`."""
        made = Release(
            text_of("version", version, LONGEST_VERSION),
            day,
            text_of("note", note, LONGEST_NOTE, empty=True),
        )
        with self._database.change():
            if len(self.of(product)) >= MOST:
                raise OfficeError(f"found {MOST} releases already; remove some first")
            self._database.rows(
                "insert or replace into releases values (?, ?, ?, ?)",
                (product, made.version, day.isoformat(), made.note),
            )
        return made

    def of(self, product: str, first: date = date.min, last: date = date.max) -> Sequence[Release]:
        """Those of some days, the oldest first."""
        found = self._database.rows(
            "select version, day, note from releases where product = ? and day between ? and ? "
            "order by day, version",
            (product, first.isoformat(), last.isoformat()),
        )
        return [Release(version, date.fromisoformat(day), note) for version, day, note in found]

    def remove(self, product: str, version: str) -> None:
        """Raises `OfficeError`."""
        gone = self._database.rows(
            "delete from releases where product = ? and version = ? returning 1",
            (product, version),
        )
        if not gone:
            raise OfficeError(
                f"found no release '{version[:64]}' of '{product[:64]}'", missing=True
            )
