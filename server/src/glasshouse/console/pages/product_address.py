"""The state of a product's page, all of it in its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from glasshouse.insight.asking import DEFAULT_PERIOD
from glasshouse.insight.period import Step
from glasshouse.model import Origin

NAMES = ("period", "from", "to", "by", "origin", "field", "version", "country")


@dataclass(frozen=True, slots=True)
class ProductAddress:
    """What of the address means something to the page; empty and unknown parts are gone."""

    slug: str
    state: Mapping[str, str]

    @classmethod
    def read(cls, slug: str, params: QueryParams) -> "ProductAddress":
        return cls(slug, {name: params[name] for name in NAMES if params.get(name)})

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
        """Days, unless the address or a long period says otherwise."""
        default = Step.WEEK if self.period == "12m" else Step.DAY
        return self.state.get("by", default.value)

    def words(self, *names: str) -> dict[str, list[str]]:
        """The parameters of a question: the product, the period, and those named."""
        state = {**self.state, "by": self.by}
        kept = ("period", "from", "to", "origin", *names)
        return {"product": [self.slug], **{n: [state[n]] for n in kept if n in state}}

    def to(self, **changes: str | None) -> str:
        """The page with some of its state changed; None takes a part away."""
        if "period" in changes:
            changes = {"from": None, "to": None, **changes}
        state = {n: v for n, v in {**self.state, **changes}.items() if v}
        query = f"?{urlencode(state)}" if state else ""
        return f"/products/{self.slug}{query}"

    def export(self, question: str, form: str, *names: str, **more: str) -> str:
        """The question behind a figure, as a file."""
        words = [(name, value) for name, values in self.words(*names).items() for value in values]
        return f"/api/v1/ask/{question}?{urlencode([*words, *more.items(), ('format', form)])}"
