"""The state of a product's page, all of it in its address.

    /products/SLUG/PAGE?period=30d&where=country=DE&where=version!=8.0.4&compare=previous&field=…

Period, origin, conditions and comparison go with the reader from page to page; what a page asks for
by itself (`field`, `steps`, `affected` …) stays on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from glasshouse.insight.asking import DEFAULT_PERIOD
from glasshouse.insight.period import PRESETS, Period, Step, preset
from glasshouse.insight.question import Question
from glasshouse.model import Origin

SHARED = ("period", "from", "to", "by", "origin", "compare")
OWN = ("field", "across", "steps", "within", "affected", "osv", "disclosed", "reach", "id")
AS_CONDITIONS = ("version", "country")
"""Names that addresses of before had for what is a condition now."""


@dataclass(frozen=True, slots=True)
class PageAddress:
    """What of the address means something; empty and unknown parts are gone."""

    slug: str
    page: str
    state: Mapping[str, str]
    where: tuple[str, ...] = ()
    default_by: Step | None = None

    @classmethod
    def read(
        cls, slug: str, page: str, params: QueryParams, default_by: Step | None = None
    ) -> "PageAddress":
        state = {name: params[name] for name in (*SHARED, *OWN) if params.get(name)}
        where = [text for text in params.getlist("where") if text]
        where += [f"{name}={params[name]}" for name in AS_CONDITIONS if params.get(name)]
        return cls(slug, page, state, tuple(dict.fromkeys(where)), default_by)

    @property
    def period(self) -> str:
        """The preset's name; empty where the period is given by days."""
        if "from" in self.state or "to" in self.state:
            return ""
        return self.state.get("period", DEFAULT_PERIOD)

    @property
    def origin(self) -> str:
        return self.state.get("origin", Origin.PRODUCTION.value)

    @property
    def by(self) -> str:
        """Days, unless the address, the page or a long period says otherwise."""
        default = self.default_by or (Step.WEEK if self.period == "12m" else Step.DAY)
        return self.state.get("by", default.value)

    @property
    def compares(self) -> bool:
        return "compare" in self.state

    def days(self, today: date) -> Period | None:
        """The days asked for; None where the address does not say them rightly."""
        try:
            if self.period:
                return preset(self.period, today)
            last = date.fromisoformat(self.state.get("to", today.isoformat()))
            first = date.fromisoformat(
                self.state.get("from", (last - timedelta(PRESETS[DEFAULT_PERIOD])).isoformat())
            )
        except (KeyError, ValueError, OverflowError):
            return None
        return Period(first, min(last, today)) if first <= min(last, today) else None

    def words(self, question: Question, takes: tuple[str, ...] = ()) -> dict[str, list[str]]:
        """The parameters of a question: what all have, and of the page's own words those named."""
        state = {**self.state, "by": self.by}
        kept = ("period", "from", "to", "origin", "compare", *takes)
        words = {"product": [self.slug], **{n: [state[n]] for n in kept if n in state}}
        if question.steps:
            words["by"] = [self.by]
        if self.where and question.narrows:
            words["where"] = list(self.where)
        return words

    def to(self, page: str | None = None, **changes: str | None) -> str:
        """A page with some of this state changed; None takes a part away."""
        if "period" in changes:
            changes = {"from": None, "to": None, **changes}
        kept = SHARED if page is not None and page != self.page else (*SHARED, *OWN)
        state = {n: v for n, v in self.state.items() if n in kept}
        state = {n: v for n, v in {**state, **changes}.items() if v}
        query = urlencode([*state.items(), *(("where", text) for text in self.where)])
        name = self.page if page is None else page
        path = f"/products/{self.slug}/{name}" if name else f"/products/{self.slug}"
        return f"{path}?{query}" if query else path

    def between(self, first: date, last: date, page: str | None = None) -> str:
        """A page over these days."""
        days = {"from": first.isoformat(), "to": last.isoformat()}
        return self.to(page, **{"period": None, **days})

    def where_also(self, name: str, relation: str, value: str) -> "PageAddress":
        """With one more condition."""
        return replace(self, where=tuple(dict.fromkeys((*self.where, f"{name}{relation}{value}"))))

    def where_not(self, text: str) -> "PageAddress":
        """Without one of its conditions."""
        return replace(self, where=tuple(each for each in self.where if each != text))

    def export(self, question: str, form: str, words: Mapping[str, list[str]]) -> str:
        """The question behind a figure, as a file."""
        pairs = [(name, value) for name, values in words.items() for value in values]
        return f"/api/v1/ask/{question}?{urlencode([*pairs, ('format', form)])}"
