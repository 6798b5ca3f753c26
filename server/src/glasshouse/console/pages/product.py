"""The front page of a product: who uses it, on which versions, and what arrived last."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from glasshouse.catalogue import Product
from glasshouse.console import charts, formats
from glasshouse.console.pages.product_address import ProductAddress
from glasshouse.console.templating import page
from glasshouse.insight import Answer, NewestItem, QuestionError
from glasshouse.insight.declared_field import DeclaredField, declared_fields
from glasshouse.insight.period import Step
from glasshouse.insight.reading import Reading, shown_count
from glasshouse.model import Origin

ORIGIN_WORDS = {
    Origin.PRODUCTION: "Real installations",
    Origin.SIMULATED: "Simulated fleet",
    Origin.DEVELOPMENT: "Development",
    Origin.CI: "Continuous integration",
}
PRESET_WORDS = {"7d": "7 days", "30d": "30 days", "90d": "90 days", "12m": "12 months"}
STEP_WORDS = {Step.DAY: "Day", Step.WEEK: "Week", Step.MONTH: "Month"}
# Fields of many different values make no picture to open a page with.
CHARTED_TYPES = ("enum", "version", "text", "boolean", "integer", "number", "duration", "list")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several states of the page, as a link."""

    text: str
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line of the newest items, with how long ago it came."""

    item: NewestItem
    ago: str


class ProductPage:
    """`/products/{slug}`"""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __call__(self, request: Request) -> Response:
        product = self._reading.product(request.path_params["slug"])
        address = ProductAddress.read(product.slug, request.query_params)
        try:
            return self._shown(product, address)
        except QuestionError as error:
            return page(
                "message",
                400,
                title="This address asks for something that there is not",
                text=str(error),
                advice="",
                back=f"/products/{product.slug}",
            )

    def _shown(self, product: Product, address: ProductAddress) -> Response:
        active = self._reading.ask("active_instances", address.words("by", "version", "country"))
        adoption = self._reading.ask("version_adoption", address.words("by", "country"))
        fields = _charted_fields(product)
        chosen = address.state.get("field") or (fields[0].path if fields else None)
        glance = self._reading.glance(product, active.origin)
        now = self._reading.now()
        return page(
            "product",
            product=product,
            manifest=product.manifest,
            address=address,
            origin=active.origin,
            origin_words=ORIGIN_WORDS[active.origin],
            origins=self._origins(product, address),
            presets=_choices(
                PRESET_WORDS.items(), address.period, lambda name: address.to(period=name)
            ),
            steps=_choices(STEP_WORDS.items(), address.by, lambda name: address.to(by=name)),
            active=active,
            last_day=min(active.period.last, now.date()),
            active_chart=_active_chart(active),
            active_total=sum(_counts(active)),
            adoption=adoption,
            versions=_versions(adoption),
            distribution=self._distribution(address, chosen),
            fields=[
                Choice(f.name, address.to(field=f.path) + "#values", f.path == chosen)
                for f in fields
            ],
            glance=glance,
            change=formats.change(glance.active_7, glance.active_7_before),
            last_seen=formats.ago(glance.last_seen, now) if glance.last_seen else "",
            arrivals=[
                Arrival(item, formats.ago(item.received_at, now))
                for item in self._reading.newest(product, active.origin)
            ],
            books=self._reading.books(product),
            raw=self._reading.raw,
        )

    def _origins(self, product: Product, address: ProductAddress) -> list[Choice]:
        """A choice only where there is something beside real installations."""
        found = {known.origin for known in self._reading.origins(product)}
        shown = found | {Origin.PRODUCTION, Origin(address.origin)}
        words = {known: text for known, text in ORIGIN_WORDS.items() if known in shown}
        if len(words) == 1:
            return []
        return _choices(words.items(), address.origin, lambda name: address.to(origin=name))

    def _distribution(self, address: ProductAddress, field: str | None) -> Answer | None:
        if field is None:
            return None
        words = {**address.words("version", "country"), "field": [field]}
        return self._reading.ask("field_distribution", words)


@dataclass(frozen=True, slots=True)
class Versions:
    """Version adoption as a page shows it: layers of a chart, and rows of a table by step."""

    chart: Markup
    layers: Sequence[charts.Layer]
    latest: Mapping[str, float]  # share of each layer in the newest step that has instances
    rows: Sequence[tuple[date, Sequence[float]]]


def _versions(adoption: Answer) -> Versions | None:
    """None where no instance was active in the whole period."""
    counts: dict[str | None, list[int]] = {}
    days: list[date] = []
    for start, version, instances, _, _ in adoption.rows:
        if not days or days[-1] != start:
            days.append(start)  # type: ignore[arg-type]
        counts.setdefault(version, []).append(shown_count(instances))  # type: ignore[arg-type]
    if not counts:
        return None
    layers = charts.layers_of(counts)
    totals = [sum(layer.counts[place] for layer in layers) for place in range(len(days))]
    latest = max((place for place, total in enumerate(totals) if total), default=0)
    step = adoption.step or Step.DAY
    return Versions(
        chart=charts.shares_chart(days, layers, step, _label(adoption)),
        layers=layers,
        latest={layer.name: layer.counts[latest] / (totals[latest] or 1) for layer in layers},
        rows=[
            (day, [layer.counts[place] / (totals[place] or 1) for layer in layers])
            for place, day in enumerate(days)
        ],
    )


def _active_chart(active: Answer) -> Markup:
    return charts.counts_chart(
        active.column("period"),  # type: ignore[arg-type]
        _counts(active),
        active.column("complete"),  # type: ignore[arg-type]
        step=active.step or Step.DAY,
        label=_label(active),
        unit="active instances",
    )


def _counts(active: Answer) -> list[int]:
    return [shown_count(cell) for cell in active.column("instances")]


def _label(answer: Answer) -> str:
    simulated = "" if answer.origin is Origin.PRODUCTION else f" ({ORIGIN_WORDS[answer.origin]})"
    period = f"{formats.day(answer.period.first)} to {formats.day(answer.period.last)}"
    return f"{answer.title}{simulated}, {period}; the table below has the values"


def _charted_fields(product: Product) -> list[DeclaredField]:
    known = declared_fields(product.manifest)
    return [f for f in known if f.field.type in CHARTED_TYPES][:24]


def _choices(
    words: Iterable[tuple[str, str]], chosen: str, address: Callable[[str], str]
) -> list[Choice]:
    return [Choice(text, address(name), name == chosen) for name, text in words]
