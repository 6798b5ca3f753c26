"""What stands above every page of questions: period, step, comparison, conditions, origin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from glasshouse.console import formats
from glasshouse.console.pages.page_address import PageAddress
from glasshouse.console.words import say
from glasshouse.insight.conditions import RELATIONS, parts_of
from glasshouse.insight.declared_field import declared_fields
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.period import PRESETS, Period, Step
from glasshouse.insight.traits import BUILT_IN, has_organizations
from glasshouse.model import Origin
from glasshouse_sdk.manifest import Manifest

PRESET_KEYS = {"7d": "w", "30d": "m", "90d": "q", "12m": "y"}
STEP_KEYS = {Step.DAY: "1", Step.WEEK: "2", Step.MONTH: "3"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several states of the page, as a link. `key` is the key that chooses it."""

    text: str
    address: str
    chosen: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition of the address: in words, without it, and with its opposite."""

    text: str
    without: str
    opposite: str = ""
    opposite_text: str = ""


@dataclass(frozen=True, slots=True)
class Controls:
    """`hidden` is the state that a form has to carry on."""

    presets: Sequence[Choice]
    steps: Sequence[Choice]
    origins: Sequence[Choice]
    compare: Choice
    earlier: str
    later: str
    first: date
    last: date
    filters: Sequence[Filter]
    names: Sequence[tuple[str, str]]
    relations: Sequence[tuple[str, str]]
    hidden: Sequence[tuple[str, str]]


def controls(
    manifest: Manifest,
    address: PageAddress,
    today: date,
    origins: Iterable[Origin],
    *,
    steps: bool,
    compares: bool,
) -> Controls:
    """For one page as its address has it."""
    days = address.days(today) or Period(today, today)
    length = timedelta(days=days.days)
    later = min(days.last + length, today)
    own = [*address.state.items(), *(("where", text) for text in address.where)]
    return Controls(
        presets=[
            Choice(say(f"period.{name}"), address.to(period=name), address.period == name, key)
            for name, key in PRESET_KEYS.items()
            if name in PRESETS
        ],
        steps=[
            Choice(say(f"step.{step}"), address.to(by=step.value), address.by == step, key)
            for step, key in STEP_KEYS.items()
            if steps
        ],
        origins=_origins(address, origins),
        compare=_comparison(address, compares=compares),
        earlier=address.between(days.first - length, days.last - length),
        later=address.between(later - length + timedelta(days=1), later)
        if days.last < today
        else "",
        first=days.first,
        last=days.last,
        filters=[_filter(address, text) for text in address.where],
        names=_names(manifest),
        relations=[(each, say(f"relation.{words.replace(' ', '_')}"))
                   for each, words in RELATIONS.items()],
        hidden=own,
    )  # fmt: skip


def _comparison(address: PageAddress, *, compares: bool) -> Choice:
    """`compares`: the page does unless the address says no."""
    chosen = address.state.get("compare", "previous" if compares else "no") != "no"
    if compares:
        changed = address.to(compare="no" if chosen else None)
    else:
        changed = address.to(compare=None if chosen else "previous")
    return Choice(say("period.compare"), changed, chosen, "c")


def _origins(address: PageAddress, origins: Iterable[Origin]) -> list[Choice]:
    """A choice only where there is something beside real installations."""
    shown = {Origin.PRODUCTION.value, address.origin, *(origin.value for origin in origins)}
    if len(shown) == 1:
        return []
    return [
        Choice(say(f"origin.{known}"), address.to(origin=known.value), address.origin == known)
        for known in Origin
        if known.value in shown
    ]


def _filter(address: PageAddress, text: str) -> Filter:
    without = address.where_not(text)
    try:
        name, relation, value = parts_of(text)
    except QuestionError:
        return Filter(text, without.to())
    other = "=" if relation == "!=" else "!="
    words = say(f"relation.{RELATIONS[relation].replace(' ', '_')}")
    opposite = say(f"relation.{RELATIONS[other].replace(' ', '_')}")
    return Filter(
        f"{formats.trait(name)} {words} {value}",
        without.to(),
        without.where_also(name, other, value).to(),
        opposite,
    )


def _names(manifest: Manifest) -> list[tuple[str, str]]:
    """The traits that a condition can be on, with what they are called in the choice."""
    built_in = [n for n in BUILT_IN if n != "organization" or has_organizations(manifest)]
    declared = [field.path for field in declared_fields(manifest)]
    return [(n, say(f"trait.{n}")) for n in built_in] + [(path, path) for path in declared]
