"""How the interface takes what is to be done, and says what became of it: JSON both ways."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from glasshouse.office import OfficeError
from glasshouse.people import PersonError

MOST_ROWS = 1000
LONGEST_BODY = 128 * 1024  # an OSV record may be long


async def body_of(request: Request, longest: int) -> bytes | None:
    """None for a longer one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            return None
    return body


async def done(
    request: Request, kind: type[Any], act: Callable[[Any], Mapping[str, Any]]
) -> Response:
    """What `act` makes of the body, which is of this kind."""
    body = await body_of(request, LONGEST_BODY)
    if body is None:
        return too_large(LONGEST_BODY)
    try:
        asked = msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        return cannot(str(error))
    return await tried(lambda: act(asked))


async def tried(act: Callable[[], Mapping[str, Any]]) -> Response:
    """What comes of an act, or why it cannot be."""
    try:
        return as_json(await run_in_threadpool(act))
    except OfficeError as error:
        return no_such(str(error)) if error.missing else cannot(str(error))
    except (PersonError, ValueError) as error:
        return cannot(str(error))


def listed(request: Request, name: str, rows: Sequence[Mapping[str, Any]], key: str) -> Response:
    """A list, or with `limit` and `after` a part of it: the rows behind the one of this `key`.

    `after` of the answer leads on; it is null at the end.
    """
    try:
        limit = int(request.query_params.get("limit", MOST_ROWS))
    except ValueError:
        return cannot("limit: expected a whole number")
    if not 1 <= limit <= MOST_ROWS:
        return cannot(f"limit: found {limit}; expected 1 to {MOST_ROWS}")
    after = request.query_params.get("after", "")
    keys = [str(row[key]) for row in rows]
    if after and after not in keys:
        return cannot(f"after: found '{after[:64]}'; expected what an answer before has there")
    start = keys.index(after) + 1 if after else 0
    shown = rows[start : start + limit]
    following = shown[-1][key] if start + limit < len(rows) else None
    return as_json({name: shown, "after": following})


def as_json(document: Mapping[str, Any]) -> Response:
    return Response(json.dumps(document, default=str), media_type="application/json")


def cannot(message: str) -> Response:
    return JSONResponse({"error": "cannot_be", "message": message}, 422)


def no_such(message: str) -> Response:
    return JSONResponse({"error": "no_such", "message": message}, 404)


def too_large(longest: int) -> Response:
    return JSONResponse({"error": "too_large", "message": f"expected at most {longest} bytes"}, 413)
