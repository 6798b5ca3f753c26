"""`/api/v1`: every question as JSON or CSV, and SQL for people. Errors are JSON with a code."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from glasshouse.insight import Question, QuestionError, SqlError
from glasshouse.insight.exporting import answer_csv, answer_object, csv_text, row_objects
from glasshouse.insight.question import FILTERS
from glasshouse.insight.reading import Reading
from glasshouse.people import Reader

LONGEST_SQL_BODY = 256 * 1024
MOST_ROWS = 1_000_000  # of an answer at once, unless it is asked for in parts
FORMATS = ("json", "csv")
CSV = "text/csv; charset=utf-8"


class Api:
    """The handlers. Whoever serves them has made sure that the reader may call them."""

    def __init__(self, reading: Callable[[Reader], Reading]) -> None:
        """`reading` is what a reader may see."""
        self._reading = reading

    def questions(self, _: Request, reader: Reader) -> Response:
        """`GET /api/v1/questions`: what can be asked, with which filters."""
        known = self._reading(reader).questions.values()
        return JSONResponse({"questions": [question_object(question) for question in known]})

    def ask(self, request: Request, reader: Reader) -> Response:
        """`GET /api/v1/ask/{question}?product=…&format=json|csv`, by parts with `limit`: `cursor`
        of an answer leads on, over days that are over without a gap.
        """
        words: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            words.setdefault(name, []).append(value)
        form = words.pop("format", ["json"])[-1]
        if form not in FORMATS:
            return _wrong(QuestionError("format", f"'{form}'", "'json' or 'csv'"))
        try:
            limit = _whole("limit", words.pop("limit", []), MOST_ROWS)
            start = _whole("cursor", words.pop("cursor", []), 0)
            answer = self._reading(reader).ask(request.path_params["question"], words)
        except QuestionError as error:
            return _wrong(error)
        rows = answer.rows[start : start + limit]
        document = answer_object(replace(answer, rows=rows))
        document["cursor"] = start + limit if start + limit < len(answer.rows) else None
        if form == "json":
            return JSONResponse(document)
        name = f"{answer.product}-{answer.question}-{answer.period.last}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(answer_csv(document), media_type=CSV, headers=headers)

    async def sql(self, request: Request, reader: Reader) -> Response:
        """`POST /api/v1/sql` {"sql": "select …"}: columns and at most 10,000 rows."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_SQL_BODY:
                return _error(413, "too_large", f"at most {LONGEST_SQL_BODY} bytes")
        text = _sql_text(body)
        if text is None:
            return _error(400, "bad_body", 'JSON of the shape {"sql": "select …"}')
        try:
            found = await run_in_threadpool(self._reading(reader).sql, text)
        except SqlError as error:
            return JSONResponse({"error": "bad_sql", "message": str(error)}, 400)
        if request.query_params.get("format") == "csv":
            return Response(csv_text(found.columns, found.rows), media_type=CSV)
        rows = row_objects(found.columns, found.rows)
        columns = list(rows[0]) if rows else list(found.columns)
        return JSONResponse({"columns": columns, "rows": rows, "cut": found.cut})


def question_object(question: Question) -> dict[str, Any]:
    """The question as JSON: what it answers, its filters with their meaning, an example."""
    return {
        "name": question.name,
        "title": question.title,
        "answers": question.answers,
        "by": ["day", "week", "month"] if question.steps else [],
        "where": {name: FILTERS[name] for name in question.filters},
        "required": list(question.required),
        "example": question.example,
    }


def _whole(name: str, given: list[str], default: int) -> int:
    """Raises `QuestionError`."""
    text = given[-1] if given else str(default)
    if not text.isdecimal() or len(text) > 9 or (name == "limit" and int(text) == 0):
        raise QuestionError(name, f"'{text[:20]}'", "a whole number, such as 1000")
    return int(text)


def _sql_text(body: bytes) -> str | None:
    try:
        document = json.loads(body)
        text = document.get("sql") if isinstance(document, Mapping) else None
        # JSON can spell half a surrogate pair, which is no text.
        return text if isinstance(text, str) and text.encode() is not None else None
    except (ValueError, RecursionError):
        return None


def _wrong(error: QuestionError) -> Response:
    return JSONResponse(
        {
            "error": "bad_question",
            "where": error.where,
            "found": error.found,
            "expected": error.expected,
            "hint": error.hint,
            "message": str(error),
        },
        400,
    )


def _error(status: int, code: str, expected: str) -> Response:
    return JSONResponse(
        {"error": code, "expected": expected, "message": f"expected {expected}"}, status
    )
