"""What may be said without raw access: closed days, two dimensions, steps of k, no small groups.

Every number of instances, organizations or items stands for a step of k numbers. Where the steps
begin is a secret of the group, the same at all times and in every question: see `step_of`. Why that
and not plain rounding, and what remains: docs/decisions/0086.

Nothing is shown that this file does not know to be harmless: a column that does not say what it
counts is withheld.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from glasshouse.insight.answer import Answer, Cell, Column
from glasshouse.insight.errors import QuestionError
from glasshouse.insight.period import Period, Step
from glasshouse.insight.question import Inquiry, Question

MOST_DIMENSIONS = 2
WEEKS = (52, 13, 4, 1)  # lengths of the periods that are looked at as a whole
ITEMS_K = "instances"  # items are counted in the steps of the instances that sent them
NEEDS_RAW = "raw access: ask an administrator of this server for it"
DIGITS = 2  # of what is a measure over a group: a median, a mean

Group = frozenset[tuple[str, str]]
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Suppression:
    """`smallest`: k, by what is counted. `secret`: of the product; 32 bytes."""

    smallest: Mapping[str, int]
    secret: bytes

    def step_of(self, count: int, counted: str, group: Group) -> int | None:
        """The multiple of k in the step that the count is in; None if the step begins below k.

        A group's steps begin at a number that nobody knows, so that no difference of two shown
        numbers says how far apart the counts are. It is the same whenever, and by whatever
        question, the group is asked about: asking again or another way teaches nothing.
        """
        k = self.smallest[counted]
        edge = self._edge(counted, group) % k + 1
        lowest = edge + (count - edge) // k * k
        return None if lowest < k else -(-lowest // k) * k

    def _edge(self, counted: str, group: Group) -> int:
        name = "\0".join([counted, *(f"{len(n)} {n} {v}" for n, v in sorted(group))])
        found = hmac.new(self.secret, name.encode(errors="replace"), hashlib.sha256).digest()
        return int.from_bytes(found[:8])


def narrowed(question: Question, asked: Inquiry) -> Inquiry:
    """The inquiry over closed days only. Raises `QuestionError` for what needs raw access."""
    if question.raw:
        raise QuestionError("question", f"'{question.name}', which tells of single ones", NEEDS_RAW)
    for each in asked.conditions:
        if each.relation != "=":
            # All but a small group, beside all, would tell of the group.
            raise QuestionError("where", f"'{each}'", f"NAME=VALUE, or {NEEDS_RAW}")
        if each.trait.name == "organization":
            raise QuestionError("where", "a single organization", NEEDS_RAW)
    today = asked.asked_at.date()
    step = asked.step if question.steps else None
    return replace(asked, period=closed(asked.period, step, today), notes=())


def closed(period: Period, step: Step | None, today: date) -> Period:
    """Whole steps that are over; without steps 1, 4, 13 or 52 whole weeks that are over.

    Only so many periods can be asked about, so that none is moved a day at a time.
    """
    if step is not None:
        over = Period(today, today).widened(step).first - timedelta(days=1)
        last = min(period.widened(step).last, over)
        return Period(min(period.widened(step).first, Period(last, last).widened(step).first), last)
    over = min(period.last, today - timedelta(days=1))
    sunday = over - timedelta(days=over.isoweekday() % 7)
    asked = -(-period.days // 7)
    weeks = next(length for length in WEEKS if length <= max(asked, 1))
    return Period(sunday - timedelta(days=7 * weeks - 1), sunday)


def suppressed(answer: Answer, rules: Suppression) -> Answer:
    """What of the answer may be shown. Raises `QuestionError` if it has too many dimensions."""
    if answer.raw:
        raise QuestionError("question", f"'{answer.question}'", NEEDS_RAW)
    axes = [c.title for c in answer.columns if c.dimension and c.type != "date"]
    if len(axes) + len(answer.about) > MOST_DIMENSIONS:
        names = ", ".join([*axes, *answer.about])
        raise QuestionError(
            "where", f"{names} at once", f"at most {MOST_DIMENSIONS}, or {NEEDS_RAW}"
        )
    table = _Table(answer, rules)
    coverage = replace(answer.coverage, carrying=None, active=None)
    return replace(
        answer,
        rows=table.rows(),
        notes=(*_harmless(answer), *_said(answer, rules)),
        coverage=coverage,
    )


def condition_group(answer: Answer) -> Group:
    """The group that the whole answer is about, however the conditions were given."""
    filters = [(name, answer.filters[name]) for name in answer.about if name in answer.filters]
    texts = [tuple(text.split(" is ", 1)) for text in answer.conditions]
    return frozenset((_plain(pair[0]), pair[-1]) for pair in (*filters, *texts))


def _plain(name: str) -> str:
    """A field by its last name, as rows have it: `snapshot.host.system` is `system`."""
    return name.lower().rsplit(".", 1)[-1]


class _Table:
    """The rows of one answer, as they may be shown."""

    def __init__(self, answer: Answer, rules: Suppression) -> None:
        self._answer = answer
        self._rules = rules
        self._place = {column.name: place for place, column in enumerate(answer.columns)}
        self._labels = [
            (place, _plain(column.title))
            for place, column in enumerate(answer.columns)
            if column.dimension and column.type != "date"
        ]
        self._whole = condition_group(answer)

    def rows(self) -> Sequence[Row]:
        """Rows with nothing to show are left out, unless they are steps of time of shown groups."""
        shown = [self._row(row) for row in self._answer.rows]
        figures = [n for n, column in enumerate(self._answer.columns) if _is_figure(column)]
        told = {self._label(row) for row in shown if any(row[n] is not None for n in figures)}
        over_time = any(column.type == "date" for column in self._answer.columns)
        kept = [
            row
            for row in shown
            if (self._label(row) in told if self._labels else True)
            and (over_time or any(row[n] is not None for n in figures))
        ]
        return self._in_order(kept)

    def _label(self, row: Row) -> tuple[Cell, ...]:
        return tuple(row[place] for place, _ in self._labels)

    def _group(self, row: Row) -> Group:
        return self._whole | {(name, str(row[place])) for place, name in self._labels}

    def _row(self, row: Row) -> Row:
        columns = self._answer.columns
        small = {
            suffix
            for suffix in ("", "_before")
            if any(
                self._count(row, column) is None
                for column in columns
                if column.counts in self._rules.smallest and _suffix(column) == suffix
            )
            or not any(
                column.counts in self._rules.smallest and _suffix(column) == suffix
                for column in columns
            )
        }
        return tuple(
            self._cell(row, column, withheld=_suffix(column) in small)
            if _is_figure(column)
            else cell
            for cell, column in zip(row, columns, strict=True)
        )

    def _cell(self, row: Row, column: Column, *, withheld: bool) -> Cell:
        """A figure of a row; None where it is withheld."""
        cell = row[self._place[column.name]]
        if withheld or cell is None:
            return None
        if column.type == "count":
            return self._count(row, column)
        if column.type == "share":
            return self._share(row, column)
        over = self._named(column.over)
        if over is None or self._count(row, over) is None or not isinstance(cell, int | float):
            return None
        return float(f"{cell:.{DIGITS}g}")

    def _count(self, row: Row, column: Column) -> int | None:
        count = row[self._place[column.name]]
        counted = ITEMS_K if column.counts == "items" else column.counts
        if counted not in self._rules.smallest or not isinstance(count, int):
            return None
        group = self._group(row)
        if column.counts == "items":
            group |= {("counts", "items")}
        return self._rules.step_of(count, counted, group)

    def _share(self, row: Row, column: Column) -> float | None:
        """The share of what is shown in what is shown: the exact one would tell both."""
        share = row[self._place[column.name]]
        part, over = self._named(column.part), self._named(column.over)
        if not isinstance(share, int | float):
            return None
        if part is not None and over is None:
            count = row[self._place[part.name]]
            if not isinstance(count, int) or not share:
                return None
            counted = ITEMS_K if part.counts == "items" else part.counts
            group = self._whole | {("whole of", part.counts)} if self._labels else self._whole
            above = self._rules.step_of(round(count / share), counted, group)
            below = self._count(row, part)
        elif over is not None:
            whole = row[self._place[over.name]]
            if not isinstance(whole, int):
                return None
            counted = ITEMS_K if over.counts == "items" else over.counts
            named = self._group(row) | {("part", column.title.lower())}
            above = self._count(row, over)
            below = (
                self._count(row, part)
                if part is not None
                else self._rules.step_of(round(share * whole), counted, named)
            )
        else:
            return None
        return None if not above or below is None else min(1.0, round(below / above, 2))

    def _named(self, name: str) -> Column | None:
        return self._answer.columns[self._place[name]] if name in self._place else None

    def _in_order(self, rows: list[Row]) -> Sequence[Row]:
        """The most frequent first, where it was so: but never by what is not shown."""
        counts = [n for n, column in enumerate(self._answer.columns) if column.type == "count"]
        if not self._labels or not counts or any(c.type == "date" for c in self._answer.columns):
            return rows
        for place in reversed(counts):
            exact = [row[place] or 0 for row in self._answer.rows]
            if exact == sorted(exact, reverse=True):
                return sorted(rows, key=lambda row: (-int(row[place] or 0), str(self._label(row))))  # type: ignore[arg-type]
        return rows


def _is_figure(column: Column) -> bool:
    """Whether the cells are about how many, or measured: everything but what a row is about."""
    return not column.dimension and column.name != "complete"


def _suffix(column: Column) -> str:
    return "_before" if column.name.endswith("_before") else ""


def _harmless(answer: Answer) -> Sequence[str]:
    return [note for note in answer.notes if not re.search(r"\d", note)]


def _said(answer: Answer, rules: Suppression) -> Sequence[str]:
    counted = {column.counts for column in answer.columns} & set(rules.smallest)
    told = " and ".join(f"{rules.smallest[each]} for {each}" for each in sorted(counted))
    notes = [f"Without raw access: closed days, counts in steps of {told}, small groups withheld."]
    if answer.before:
        notes.append(f"Compared with {answer.before.first} to {answer.before.last}.")
    return notes
