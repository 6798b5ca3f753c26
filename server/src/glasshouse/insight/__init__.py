"""Questions and answers: the only way to the store for console, API, command line and reports."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from glasshouse.catalogue import Catalogue, Product, ProductSettings
from glasshouse.insight import publishing
from glasshouse.insight.answer import Answer
from glasshouse.insight.asking import Words, comparison, inquiry, single
from glasshouse.insight.comparing import compared
from glasshouse.insight.conservation import Books, books
from glasshouse.insight.errors import (
    QuestionError,
    SqlError,
    UnknownProductError,
    UnknownQuestionError,
    did_you_mean,
    one_of,
)
from glasshouse.insight.newest import NewestItem, newest_items, newest_refusals
from glasshouse.insight.overview import Glance, OriginCount, glance, origins
from glasshouse.insight.question import Inquiry, Question
from glasshouse.insight.questions import QUESTIONS
from glasshouse.insight.suppression import Suppression, narrowed, suppressed
from glasshouse.model import Origin
from glasshouse.office import Release
from glasshouse.store import QueryError, Rows, Store, Tally

__all__ = [
    "Answer",
    "Books",
    "Glance",
    "Insight",
    "NewestItem",
    "OriginCount",
    "Question",
    "QuestionError",
    "SqlError",
    "UnknownProductError",
    "UnknownQuestionError",
]

SQL_ROWS = 10_000
SQL_SECONDS = 30.0
NO_PRODUCT = "-"  # as a record's head has it
Announced = Callable[[str, date, date], Iterable[Release]]


def _none_announced(_product: str, _first: date, _last: date) -> Iterable[Release]:
    return ()


class Insight:
    """Asks the store on behalf of everybody.

    `releases` gives those of a product between two days; `clock` the time with its zone; `tallies`
    the accounting, with what is acknowledged but
    not yet in the store as outcome `waiting`. Safe to use from several threads if they are.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        clock: Callable[[], datetime],
        tallies: Callable[[], Iterable[Tally]],
        secret: bytes | None = None,
        *,
        releases: Announced = _none_announced,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._tallies = tallies
        self._secret = secret or secrets.token_bytes(32)
        self._releases = releases

    @property
    def questions(self) -> Mapping[str, Question]:
        return QUESTIONS

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def products(self) -> Iterable[Product]:
        """The registered products by name."""
        return sorted(self._catalogue, key=lambda product: product.manifest.product.name.lower())

    def product(self, slug: str) -> Product:
        """Raises `UnknownProductError`."""
        product = self._catalogue.product(slug)
        if product is None:
            known = sorted(product.slug for product in self._catalogue)
            expected = one_of(known) if known else "a registered product, and there is none yet"
            raise UnknownProductError("product", f"'{slug}'", expected, did_you_mean(slug, known))
        return product

    def ask(self, question: str, words: Words) -> Answer:
        """The exact answer to a question with parameters as they came, for who has raw access.

        Surfaces ask through a `Reading`, which records it. Raises `QuestionError`.
        """
        known = self._question(question)
        return self._answer(known, self._inquiry(known, words), words)

    def check(self, question: str, words: Words) -> None:
        """Whether the words that all questions share are right. Raises `QuestionError`."""
        self._inquiry(self._question(question), words)

    def ask_suppressed(self, question: str, words: Words) -> Answer:
        """The answer as everybody else may see it. Raises `QuestionError`."""
        known = self._question(question)
        asked = narrowed(known, self._inquiry(known, words))
        return suppressed(self._answer(known, asked, words), self._rules(asked))

    def published(self, slug: str) -> Sequence[Answer]:
        """What the vendor shows to everybody of a product. Raises `UnknownProductError`."""
        settings = self.product(slug).settings
        return [self._published(slug, text, settings) for text in settings.publish]

    def check_published(self, slug: str, texts: Sequence[str]) -> None:
        """Raises `QuestionError` for what cannot be published."""
        settings = self.product(slug).settings
        for text in texts:
            self._published(slug, text, settings)

    def _published(self, slug: str, text: str, settings: ProductSettings) -> Answer:
        question, words = publishing.parsed(slug, text)
        answer = self.ask_suppressed(question, words)
        publishing.check(answer)
        secret = hmac.new(self._secret, f"published {slug}".encode(), hashlib.sha256).digest()
        return suppressed(answer, publishing.rules(settings, secret))

    def _question(self, name: str) -> Question:
        known = QUESTIONS.get(name)
        if known is None:
            hint = did_you_mean(name, QUESTIONS)
            raise UnknownQuestionError("question", f"'{name}'", one_of(QUESTIONS), hint)
        return known

    def _inquiry(self, known: Question, words: Words) -> Inquiry:
        slug = single("product", words)
        if slug is None:
            slugs = [product.slug for product in self._catalogue]
            raise QuestionError("product", "nothing", one_of(slugs) if slugs else "its slug")
        return inquiry(known, self.product(slug).manifest, words, self.now())

    def _answer(self, known: Question, asked: Inquiry, words: Words) -> Answer:
        answer = self._annotated(known.answer(self._store, asked))
        if comparison(words) is None:
            return answer
        step = asked.step if known.steps else None
        earlier = replace(asked, period=asked.period.before(step), notes=())
        return compared(answer, known.answer(self._store, earlier))

    def _annotated(self, answer: Answer) -> Answer:
        """With the releases of its period, where its rows are days, weeks or months."""
        if answer.step is None:
            return answer
        first, last = answer.period.first, answer.period.last
        return replace(answer, releases=tuple(self._releases(answer.product, first, last)))

    def _rules(self, asked: Inquiry) -> Suppression:
        settings = self.product(asked.product).settings
        whose = f"suppression of {asked.product} {asked.origin.value}"
        return Suppression(
            {
                "instances": settings.smallest_group,
                "organizations": settings.smallest_organizations,
            },
            hmac.new(self._secret, whose.encode(), hashlib.sha256).digest(),
        )

    def newest(self, product: Product, origin: Origin, limit: int = 20) -> tuple[NewestItem, ...]:
        return newest_items(self._store, product.manifest, origin, limit)

    def books(self, product: Product) -> Books:
        return books(self._tallies(), product.slug)

    def nameless(self, limit: int = 10) -> tuple[Books, tuple[NewestItem, ...]]:
        """Of requests that named no product: the books, and what was refused last."""
        refused = tuple(newest_refusals(self._store, NO_PRODUCT, limit))
        return books(self._tallies(), NO_PRODUCT), refused

    def glance(self, product: Product, origin: Origin) -> Glance:
        return glance(self._store, product.slug, origin, self.now().date())

    def origins(self, product: Product) -> tuple[OriginCount, ...]:
        return origins(self._store, product.slug)

    def sql(self, text: str) -> Rows:
        """A person's own read-only query, of at most SQL_ROWS rows. Raises `SqlError`."""
        try:
            return self._store.sql(text, limit=SQL_ROWS, seconds=SQL_SECONDS)
        except QueryError as error:
            raise SqlError(str(error)) from error
