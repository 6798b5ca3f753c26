"""Whom to write to at an organization: the vendor's own records, imported."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from glasshouse.office.errors import OfficeError, text_of
from glasshouse.people import Database

SCHEMA = """
create table if not exists contacts (
    product text not null, organization text not null, name text not null, contact text not null,
    primary key (product, organization)
) without rowid;
"""
HEADER = ["organization", "name", "contact"]
MOST = 200_000
LONGEST = 256


@dataclass(frozen=True, slots=True)
class Contact:
    """`organization`: its id, as items name it. `contact`: an address, a number, a link."""

    organization: str
    name: str
    contact: str


class Contacts:
    """By product and organization."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        database.hold(SCHEMA)

    def replace(self, product: str, contacts: Iterable[Contact]) -> int:
        """These instead of all that there were; how many there are now."""
        rows = {c.organization: c for c in contacts}
        with self._database.change():
            self._database.rows("delete from contacts where product = ?", (product,))
            self._database.fill(
                "insert into contacts values (?, ?, ?, ?)",
                [(product, c.organization, c.name, c.contact) for c in rows.values()],
            )
        return len(rows)

    def of(self, product: str, after: str = "", limit: int = MOST) -> Sequence[Contact]:
        """By organization, from the one behind `after` on."""
        found = self._database.rows(
            "select organization, name, contact from contacts "
            "where product = ? and organization > ? order by organization limit ?",
            (product, after, limit),
        )
        return [Contact(*row) for row in found]

    def count(self, product: str) -> int:
        return int(
            self._database.rows("select count(*) from contacts where product = ?", (product,))[0][0]
        )

    def forget(self, product: str, is_erased: Callable[[str], bool]) -> int:
        """Remove the contacts of erased organizations; how many there were."""
        gone = [c.organization for c in self.of(product) if is_erased(c.organization)]
        with self._database.change():
            for organization in gone:
                self._database.rows(
                    "delete from contacts where product = ? and organization = ?",
                    (product, organization),
                )
        if gone:
            self._database.scrub()
        return len(gone)


def contacts_of(text: str) -> Sequence[Contact]:
    """From CSV with the header `organization,name,contact`. Raises `OfficeError` with the line."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    found: list[Contact] = []
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if header != HEADER:
            raise OfficeError(f"line 1: found {header!r:.80}; expected {','.join(HEADER)}")
        for row in reader:
            if not row:
                continue
            if len(row) != len(HEADER) or len(found) >= MOST:
                raise OfficeError(
                    f"line {reader.line_num}: found {len(row)} cells after {len(found)} contacts; "
                    f"expected {len(HEADER)} cells, and at most {MOST} contacts"
                )
            found.append(
                Contact(
                    text_of(f"line {reader.line_num}: organization", row[0], LONGEST),
                    text_of(f"line {reader.line_num}: name", row[1], LONGEST, empty=True),
                    text_of(f"line {reader.line_num}: contact", row[2], LONGEST, empty=True),
                )
            )
    except csv.Error as error:
        raise OfficeError(f"line {reader.line_num}: no CSV ({error})") from None
    return found
