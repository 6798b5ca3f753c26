"""What one reader may see: everything that is shown to anybody goes through a `Reading`.

With raw access answers are exact, and recorded before they are given. Without it they are
suppressed. Pages, API and commands hold a reading and no `Insight`, so that none can forget.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from glasshouse.catalogue import Product
from glasshouse.insight import Insight
from glasshouse.insight.answer import Answer
from glasshouse.insight.asking import Words
from glasshouse.insight.conservation import Books
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.newest import NewestItem
from glasshouse.insight.overview import Glance, OriginCount
from glasshouse.insight.question import Question
from glasshouse.insight.suppression import NEEDS_RAW
from glasshouse.insight.traits import find_trait
from glasshouse.model import Origin
from glasshouse.people import Reader, Records, Right
from glasshouse.store import Rows
from glasshouse_sdk.manifest import Manifest

FIELDS = ("field", "across")
"""Words of a question that name what is read, and no value of it."""


class RawAccessNeededError(QuestionError):
    """Only who has raw access may see this."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The data as one reader may see it."""

    _insight: Insight
    reader: Reader
    _records: Records

    @property
    def raw(self) -> bool:
        return self.reader.raw

    @property
    def questions(self) -> Mapping[str, Question]:
        return self._insight.questions

    def now(self) -> datetime:
        return self._insight.now()

    def products(self) -> Iterable[Product]:
        return self._insight.products()

    def product(self, slug: str) -> Product:
        """Raises `UnknownProductError`."""
        return self._insight.product(slug)

    def ask(self, question: str, words: Words) -> Answer:
        """Raises `QuestionError`."""
        if not self.raw:
            return self._insight.ask_suppressed(question, words)
        answer = self._insight.ask(question, words)
        self._note(_described(answer, self.product(answer.product).manifest), answer.product)
        return answer

    def check(self, question: str, words: Words) -> None:
        """Nothing is read for it. Raises `QuestionError` for words that are wrong for anybody."""
        self._insight.check(question, words)

    def reads_of(self, product: Product) -> list[tuple[str, str, int, str]]:
        """What of a product was read by whom, for who may see the log; else nothing."""
        if Right.RECORDS not in self.reader.rights:
            return []
        return self._records.reads_of(product.slug)

    def sql(self, text: str) -> Rows:
        """Raises `RawAccessNeededError` or `SqlError`."""
        self._need_raw("sql")
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        views = [view for view in ("events", "snapshots", "instances") if view in text.lower()]
        self._note(f"sql {digest}{' of ' if views else ''}{', '.join(views)}")
        return self._insight.sql(text)

    def note_raw(self, what: str, product: str = "") -> None:
        """For what is read elsewhere, such as the live view. Raises `RawAccessNeededError`."""
        self._need_raw(what)
        self._note(what, product)

    def newest(self, product: Product, origin: Origin, limit: int = 20) -> tuple[NewestItem, ...]:
        """Single items; none without raw access."""
        if not self.raw:
            return ()
        self._note("newest items", product.slug)
        return self._insight.newest(product, origin, limit)

    def books(self, product: Product) -> Books:
        return self._insight.books(product)

    def nameless(self, limit: int = 10) -> tuple[Books, tuple[NewestItem, ...]]:
        books, refused = self._insight.nameless(limit)
        return books, refused if self.raw else ()

    def origins(self, product: Product) -> tuple[OriginCount, ...]:
        """Without raw access which there are, and nothing of how many."""
        found = self._insight.origins(product)
        return found if self.raw else tuple(replace(each, instances=None) for each in found)

    def glance(self, product: Product, origin: Origin) -> Glance:
        """Without raw access of weeks, months and days that are over."""
        if self.raw:
            return self._insight.glance(product, origin)
        whose = {"product": [product.slug], "origin": [origin.value]}
        weeks = self._counts("active_instances", {**whose, "by": ["week"], "period": ["30d"]})
        months = self._counts("active_instances", {**whose, "by": ["month"], "period": ["90d"]})
        days = self._counts("active_instances", {**whose, "by": ["day"], "period": ["30d"]})
        version, share = self._newest_version(whose)
        return Glance(
            active_7=weeks[-1],
            active_7_before=weeks[-2] if len(weeks) > 1 else None,
            active_30=months[-1],
            newest_version=version,
            newest_share=share,
            daily=days,
            last_seen=None,
        )

    def _counts(self, question: str, words: Words) -> list[int | None]:
        cells = self._insight.ask_suppressed(question, words).column("instances")
        return [cell if isinstance(cell, int) else None for cell in cells]

    def _newest_version(self, whose: Words) -> tuple[str | None, float]:
        words = {**whose, "by": ["week"], "period": ["7d"]}
        answer = self._insight.ask_suppressed("version_adoption", words)
        columns = ("period", "version", "share")
        newest: date | None = None
        best: tuple[str | None, float] = (None, 0.0)
        for day, version, share in zip(*map(answer.column, columns), strict=True):
            told = isinstance(share, float) and version is not None
            if told and isinstance(day, date) and (newest is None or day > newest):
                newest, best = day, (str(version), float(share or 0))
        return best

    def _need_raw(self, what: str) -> None:
        if not self.raw:
            raise RawAccessNeededError("access", f"'{what}' without raw access", NEEDS_RAW)

    def _note(self, what: str, product: str = "") -> None:
        self._records.raw_read(self.reader, what, product)


def _described(answer: Answer, manifest: Manifest) -> str:
    """The question, the fields it is of, and the names it is narrowed by.

    Values may be somebody's and are left out.
    """
    of = [_path(manifest, answer.filters[name]) for name in FIELDS if name in answer.filters]
    rest = (name for name in answer.filters if name not in FIELDS)
    names = ", ".join(dict.fromkeys((*rest, *answer.about)))
    said = f"{answer.question} of {', '.join(of)}" if of else answer.question
    return f"{said} by {names}" if names else said


def _path(manifest: Manifest, name: str) -> str:
    """What was asked for by its whole name: a built-in trait, or a declared field."""
    return find_trait(manifest, name, "field").name
