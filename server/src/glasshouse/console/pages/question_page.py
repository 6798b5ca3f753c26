"""A page of a product that is made of questions: asks them, and arranges the answers.

A question that cannot be answered as asked does not take the others with it: it stands on the page
with what it expects.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from glasshouse.catalogue import Product
from glasshouse.console.figures import Drawn, Linking, drawn
from glasshouse.console.pages.arrangement import Arrangement, Asked, Figure
from glasshouse.console.pages.asking_form import Control, control
from glasshouse.console.pages.controls import Controls, controls
from glasshouse.console.pages.navigation import navigation
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.templating import streamed
from glasshouse.console.words import say
from glasshouse.insight import Answer, QuestionError
from glasshouse.insight.conditions import RELATIONS
from glasshouse.insight.question import Question
from glasshouse.insight.reading import FIELDS, Reading
from glasshouse.insight.suppression import NEEDS_RAW
from glasshouse.insight.traits import find_trait
from glasshouse.model import Origin
from glasshouse.people import Way

Extras = Callable[[Reading, Product, PageAddress], Mapping[str, Any]]
"""What a page shows beside its questions."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure with its answer, or with why there is none."""

    question: Question
    figure: Figure
    drawn: Drawn | None = None
    answer: Answer | None = None
    problem: str = ""
    needs_raw: bool = False
    csv: str = ""
    json: str = ""


def no_extras(_: Reading, __: Product, ___: PageAddress) -> Mapping[str, Any]:
    return {}


class QuestionPage:
    """`/products/{slug}/NAME`"""

    def __init__(
        self, reading: Reading, arrangement: Arrangement, extras: Extras = no_extras
    ) -> None:
        self._reading = reading
        self._arrangement = arrangement
        self._extras = extras

    def __call__(self, request: Request) -> Response:
        arrangement, params = self._arrangement, request.query_params
        product = self._reading.product(request.path_params["slug"])
        address = PageAddress.read(product.slug, arrangement.name, params, arrangement.default_by)
        added = params.get("name") and params.get("value")
        if added and self._leads:  # of the form that adds a condition
            relation = params.get("relation", "=")
            relation = relation if relation in RELATIONS else "="
            narrowed = address.where_also(params["name"], relation, params["value"])
            return RedirectResponse(narrowed.to(), 303)
        if not arrangement.possible(product.manifest):
            return self._page(product, address, [], {}, problem=say("page.not_possible"))
        extras = self._extras(self._reading, product, address)
        known = self._known(product, address)
        wrong = self._wrong(product, known)
        # The answers come while the page is sent, so that it is there as soon as its first one is.
        shown = (
            () if extras.get("waits") or known is None else self._figures(product, known, address)
        )
        return self._page(product, address, shown, extras, status=400 if wrong else 200)

    def _page(
        self,
        product: Product,
        address: PageAddress,
        shown: Iterable[Shown],
        extras: Mapping[str, Any],
        *,
        status: int = 200,
        problem: str = "",
    ) -> Response:
        reading, arrangement = self._reading, self._arrangement
        return streamed(
            arrangement.template,
            status,
            product=product,
            manifest=product.manifest,
            address=address,
            page_name=arrangement.name or "overview",
            nav=navigation(product, reading.reader, arrangement.name, address),
            controls=self._controls(product, address),
            asked=[self._control(product, address, each) for each in arrangement.asks],
            figures=shown,
            origin=_origin(address),
            raw=reading.raw,
            problem=problem,
            identity=address.state.get("id", ""),
            **extras,
        )

    def _controls(self, product: Product, address: PageAddress) -> Controls:
        steps = any(self._question(f).steps for f in self._arrangement.figures)
        origins = [known.origin for known in self._reading.origins(product)]
        return controls(
            product.manifest,
            address,
            self._reading.now().date(),
            origins,
            steps=steps,
            compares=self._arrangement.compares,
        )

    def _control(self, product: Product, address: PageAddress, asked: Asked) -> Control:
        return control(product.manifest, asked, self._state(product, address).get(asked.name, ""))

    def _state(self, product: Product, address: PageAddress) -> dict[str, str]:
        """The page's own words, with what it asks as long as the address does not say."""
        defaults = {
            asked.name: asked.default(product.manifest)
            for asked in self._arrangement.asks
            if asked.default is not None
        }
        return {name: text for name, text in {**defaults, **address.state}.items() if text}

    @property
    def _leads(self) -> bool:
        """Whether its reader may go from this page to others."""
        return self._reading.reader.way is not Way.LINK

    def _known(self, product: Product, address: PageAddress) -> PageAddress | None:
        """The address with what the page says by itself; None as long as it names nobody."""
        arrangement, state = self._arrangement, self._state(product, address)
        if arrangement.compares and "compare" not in state:
            state["compare"] = "previous"
        if state.get("compare") == "no":  # how to say that a page shall not compare that does
            del state["compare"]
        single = arrangement.narrows_by
        if single and not state.get("id"):
            return None
        return replace(address, state={**state, **({single: state["id"]} if single else {})})

    def _wrong(self, product: Product, known: PageAddress | None) -> bool:
        """Whether the address asks for what there is not, as far as that is seen early."""
        if known is None:
            return False
        try:
            for name in FIELDS:
                if name in known.state:
                    find_trait(product.manifest, known.state[name], name)
            for figure in self._arrangement.figures[:1]:
                if not _has(figure, known.state):  # nothing was asked yet
                    return False
                self._reading.check(figure.question, self._words(known, figure))
        except QuestionError:
            return True
        return False

    def _words(self, known: PageAddress, figure: Figure) -> dict[str, list[str]]:
        words = known.words(self._question(figure), figure.takes)
        single = self._arrangement.narrows_by
        if single == "organization" and single not in words:
            words["where"] = [*words.get("where", []), f"{single}={known.state[single]}"]
        return {**words, **{name: [text] for name, text in figure.words.items()}}

    def _figures(
        self, product: Product, known: PageAddress, address: PageAddress
    ) -> Iterable[Shown]:
        for figure in self._arrangement.figures:
            if figure.when(product.manifest) and _has(figure, known.state):
                yield self._figure(product, known, address, figure)

    def _figure(
        self, product: Product, known: PageAddress, address: PageAddress, figure: Figure
    ) -> Shown:
        question, words = self._question(figure), self._words(known, figure)
        try:
            answer = self._asked(question, words)
        except QuestionError as error:
            needs_raw = error.expected.endswith(NEEDS_RAW)
            return Shown(question, figure, problem=str(error), needs_raw=needs_raw)
        linking = Linking(address, product.manifest, self._reading.raw, self._leads)
        return Shown(
            question,
            figure,
            drawn(answer, figure, linking),
            answer,
            csv=known.export(question.name, "csv", words),
            json=known.export(question.name, "json", words),
        )

    def _asked(self, question: Question, words: dict[str, list[str]]) -> Answer:
        """With a comparison if there is one: who was not there before has none."""
        try:
            return self._reading.ask(question.name, words)
        except QuestionError:
            if "compare" not in words or not question.raw:
                raise
            return self._reading.ask(
                question.name, {n: v for n, v in words.items() if n != "compare"}
            )

    def _question(self, figure: Figure) -> Question:
        return self._reading.questions[figure.question]


def _has(figure: Figure, state: Mapping[str, str]) -> bool:
    """Whether the address says what the figure needs; `a|b` needs one of both."""
    return all(any(name in state for name in each.split("|")) for each in figure.needs)


def _origin(address: PageAddress) -> Origin:
    try:
        return Origin(address.origin)
    except ValueError:
        return Origin.PRODUCTION
