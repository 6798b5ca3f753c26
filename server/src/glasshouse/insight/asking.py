"""From the words of an address or a command line to an inquiry: the one place that parses them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from glasshouse.insight.conditions import Condition, condition, parts_of
from glasshouse.insight.errors import QuestionError, did_you_mean, one_of
from glasshouse.insight.period import PRESETS, Period, Step, preset
from glasshouse.insight.question import FILTERS, Inquiry, Question
from glasshouse.model import Origin
from glasshouse_sdk.manifest import Manifest

DEFAULT_PERIOD = "90d"
ALWAYS = ("product", "from", "to", "period", "origin", "where", "compare")
COMPARISONS = ("previous",)
LONGEST_VALUE = 256
LONGEST = {"steps": 2048, "affected": 2048, "osv": 1 << 16}  # where it is not that
MOST_CONDITIONS = 8
# Words that say what is asked; the others in FILTERS are traits of instances as well.
OWN_WORDS = frozenset(FILTERS) - {"version", "country", "organization"}

Words = Mapping[str, Sequence[str]]
"""Parameters as they came: each name with all the values given for it."""

Choice = TypeVar("Choice", Origin, Step)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def inquiry(question: Question, manifest: Manifest, words: Words, now: datetime) -> Inquiry:
    """The question as it was asked. Raises `QuestionError` for the first thing wrong with it."""
    today = now.astimezone(UTC).date()
    _refuse_unknown(question, words)
    filters, conditions = _filters(question, manifest, words)
    period, notes = _period(words, today)
    return Inquiry(
        manifest=manifest,
        origin=_choice("origin", words, Origin, Origin.PRODUCTION),
        period=period,
        step=_choice("by", words, Step, Step.DAY),
        asked_at=now,
        filters=filters,
        notes=notes,
        conditions=conditions,
    )


def comparison(words: Words) -> str | None:
    """What to compare with: `previous`, or nothing. Raises `QuestionError`."""
    name = single("compare", words)
    if name is not None and name not in COMPARISONS:
        raise QuestionError("compare", f"'{name}'", one_of(COMPARISONS),
                            did_you_mean(name, COMPARISONS))  # fmt: skip
    return name


def single(name: str, words: Words) -> str | None:
    """The one value of a parameter; None where it is absent or empty."""
    values = [value for value in words.get(name, ()) if value]
    if len(values) > 1:
        raise QuestionError(name, f"{len(values)} values", "one value")
    longest = LONGEST.get(name, LONGEST_VALUE)
    if values and len(values[0]) > longest:
        raise QuestionError(name, f"{len(values[0])} characters", f"at most {longest} characters")
    return values[0] if values else None


def _refuse_unknown(question: Question, words: Words) -> None:
    known = (*ALWAYS, *question.filters, *(("by",) if question.steps else ()))
    for name in words:
        if name in known:
            continue
        if name in FILTERS:
            raise QuestionError(
                name, f"a filter that '{question.name}' does not have", _filter_words(question)
            )
        raise QuestionError(name, "a parameter of no meaning here", one_of(known),
                            did_you_mean(name, known))  # fmt: skip


def _filters(
    question: Question, manifest: Manifest, words: Words
) -> tuple[dict[str, str], tuple[Condition, ...]]:
    given: dict[str, list[str]] = {}
    for name in question.filters:
        value = single(name, words)
        if value is not None:
            given.setdefault(name, []).append(value)
    conditions = []
    for name, relation, value in map(parts_of, filter(None, words.get("where", ()))):
        single(name, {name: [value]})
        if name in question.filters and relation == "=":
            given.setdefault(name, []).append(value)
        elif question.narrows and name not in OWN_WORDS:
            conditions.append(_condition(question, manifest, name, relation, value))
        else:
            raise QuestionError(
                "where", f"'{name}'", _filter_words(question), did_you_mean(name, FILTERS)
            )
    if len(conditions) > MOST_CONDITIONS:
        raise QuestionError("where", f"{len(conditions)} conditions", f"at most {MOST_CONDITIONS}")
    filters: dict[str, str] = {}
    for known in question.filters:
        value = single(known, given)
        if value is not None:
            filters[known] = value.upper() if known == "country" else value
        elif known in question.required:
            raise QuestionError(known, "nothing", FILTERS[known])
    return filters, tuple(conditions)


def _condition(
    question: Question, manifest: Manifest, name: str, relation: str, value: str
) -> Condition:
    try:
        return condition(manifest, name, relation, value)
    except QuestionError as error:
        own = f"{_filter_words(question)}, " if question.filters else ""
        hint = did_you_mean(name, question.filters) or error.hint
        raise QuestionError(error.where, error.found, own + error.expected, hint) from None


def _filter_words(question: Question) -> str:
    return f"{one_of(question.filters)} (this question's filters)"


def _period(words: Words, today: date) -> tuple[Period, tuple[str, ...]]:
    name = single("period", words)
    first, last = _date("from", words), _date("to", words)
    if name is not None and name not in PRESETS:
        raise QuestionError("period", f"'{name}'", one_of(PRESETS), did_you_mean(name, PRESETS))
    if name is not None and (first or last):
        raise QuestionError("period", f"'{name}' beside 'from' or 'to'", "one or the other")
    if first is None and last is None:
        return preset(name or DEFAULT_PERIOD, today), ()
    end = min(last or today, today)
    notes = (f"The period ends today, {today}.",) if last and last > today else ()
    start = first or preset(DEFAULT_PERIOD, end).first
    if start > end:
        raise QuestionError("from", f"'{start}'", f"a day not after '{end}'")
    return Period(start, end), notes


def _date(name: str, words: Words) -> date | None:
    text = single(name, words)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    # Earlier or later days would only run into the ends of the calendar.
    if day is None or not 1970 <= day.year <= 9000:
        raise QuestionError(name, f"'{text}'", "a day such as 2026-01-31")
    return day


def _choice(name: str, words: Words, choices: type[Choice], default: Choice) -> Choice:
    text = single(name, words)
    if text is None:
        return default
    known = [choice.value for choice in choices]
    if text not in known:
        raise QuestionError(name, f"'{text}'", one_of(known), did_you_mean(text, known))
    return choices(text)
