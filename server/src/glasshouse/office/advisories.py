"""Saved advisories: which versions of a product are affected, since when it is told, what to do."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from glasshouse.office.errors import OfficeError, text_of
from glasshouse.people import Database

SCHEMA = """
create table if not exists advisories (
    product text not null, name text not null, title text not null, affected text not null,
    disclosed text not null, fix text not null, made_by text not null, made_at text not null,
    primary key (product, name)
) without rowid;
"""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
LONGEST_TITLE, LONGEST_FIX = 200, 2000


@dataclass(frozen=True, slots=True)
class SavedAdvisory:
    """`affected`: the word of the question `advisory`. `fix`: steps, or a link to them."""

    product: str
    name: str
    title: str
    affected: str
    disclosed: date
    fix: str
    made_by: str
    made_at: datetime

    def words(self) -> dict[str, list[str]]:
        """What the advisory's questions are asked with."""
        return {
            "product": [self.product],
            "affected": [self.affected],
            "disclosed": [self.disclosed.isoformat()],
        }


class Advisories:
    """By product and name."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        database.hold(SCHEMA)

    def save(
        self,
        product: str,
        name: str,
        *,
        title: str,
        affected: str,
        disclosed: date,
        fix: str,
        by: str,
    ) -> SavedAdvisory:
        """Save, or save anew under the same name. Raises `OfficeError`."""
        if NAME.fullmatch(name) is None:
            raise OfficeError("name: expected one such as CVE-2026-1234: letters, digits, . _ : -")
        made = SavedAdvisory(
            product,
            name,
            text_of("title", title, LONGEST_TITLE),
            affected,
            disclosed,
            text_of("fix", " ".join(fix.split()), LONGEST_FIX, empty=True),
            by,
            self._clock(),
        )
        self._database.rows(
            "insert or replace into advisories values (?, ?, ?, ?, ?, ?, ?, ?)",
            (product, name, made.title, affected, disclosed.isoformat(), made.fix, by,
             made.made_at.isoformat()),
        )  # fmt: skip
        return made

    def of(self, product: str) -> Sequence[SavedAdvisory]:
        """The newest first."""
        found = self._database.rows(
            "select product, name, title, affected, disclosed, fix, made_by, made_at "
            "from advisories where product = ? order by disclosed desc, name",
            (product,),
        )
        return [
            SavedAdvisory(
                slug,
                name,
                title,
                affected,
                date.fromisoformat(disclosed),
                fix,
                by,
                datetime.fromisoformat(at),
            )
            for slug, name, title, affected, disclosed, fix, by, at in found
        ]

    def one(self, product: str, name: str) -> SavedAdvisory:
        """Raises `OfficeError`."""
        for advisory in self.of(product):
            if advisory.name == name:
                return advisory
        raise OfficeError(f"found no advisory '{name[:64]}' of '{product[:64]}'", missing=True)

    def remove(self, product: str, name: str) -> None:
        """With its alerts. Raises `OfficeError`."""
        with self._database.change():
            self.one(product, name)
            self._database.rows(
                "delete from advisories where product = ? and name = ?", (product, name)
            )
            self._database.rows(
                "delete from alerts where product = ? and advisory = ?", (product, name)
            )
