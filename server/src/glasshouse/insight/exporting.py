"""Store as JSON and CSV, for scripts and spreadsheets."""

import base64
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from glasshouse.insight.answer import Answer
from glasshouse.insight.period import Period
from glasshouse.model import Origin

# A spreadsheet takes a cell that starts with one of these for a formula and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def answer_object(answer: Answer) -> dict[str, Any]:
    """The answer as JSON has it: `rows` is a list of objects, shares are between 0 and 1."""
    names = [column.name for column in answer.columns]
    return {
        "question": answer.question,
        "title": answer.title,
        "product": answer.product,
        "origin": answer.origin.value,
        "from": answer.period.first.isoformat(),
        "to": answer.period.last.isoformat(),
        "by": answer.step.value if answer.step else None,
        "where": dict(answer.filters),
        "conditions": list(answer.conditions),
        "dimensions": list(answer.dimensions),
        "before": _days(answer.before) if answer.before else None,
        "coverage": {
            "complete": answer.coverage.complete,
            "sampled": answer.coverage.sampled,
            "carrying": answer.coverage.carrying,
            "active": answer.coverage.active,
        },
        "columns": [
            {"name": c.name, "title": c.title, "type": c.type, "unit": c.unit, "counts": c.counts}
            for c in answer.columns
        ],
        "rows": row_objects(names, answer.rows),
        "notes": list(answer.notes),
        "releases": [
            {"version": each.version, "day": each.day.isoformat(), "note": each.note}
            for each in answer.releases
        ],
        "asked_at": answer.asked_at.isoformat(),
    }


def _days(period: Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def answer_csv(answer: Mapping[str, Any]) -> str:
    """An answer object as CSV. What is not of real installations says so in every row."""
    names = [column["name"] for column in answer["columns"]]
    rows = [[row[name] for name in names] for row in answer["rows"]]
    if answer["origin"] != Origin.PRODUCTION:
        names.append("origin")
        rows = [[*row, answer["origin"]] for row in rows]
    return csv_text(names, rows)


def row_objects(names: Sequence[str], rows: Iterable[Sequence[object]]) -> list[dict[str, Any]]:
    """Each row as an object. Of two columns of one name the second is called `name_2`."""
    keys = _distinct(names)
    return [dict(zip(keys, map(json_value, row), strict=True)) for row in rows]


def csv_text(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a header line; no cell of it can run as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in names])
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()


def safe_cell(value: object) -> str:
    """The cell's text, with an apostrophe before what a spreadsheet would run."""
    text = "" if value is None else str(_plain(value))
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def json_value(value: object) -> Any:
    """The value as JSON has it: times as ISO text, bytes as base64, what is not finite as text."""
    value = _plain(value)
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(inner) for inner in value]
    if isinstance(value, float) and value - value != 0:  # JSON knows no NaN and no infinity
        return str(value)
    return value


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (timedelta, UUID)):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    return value


def _distinct(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    keys = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        keys.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return keys
