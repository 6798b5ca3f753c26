"""Erasure, export, backup and checks as requests: what commands ask for, here or of a server.

Both ways take and give the same JSON objects, so that a command need not know which way it went.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from glasshouse.cli.errors import CommandError
from glasshouse.console.access import Access
from glasshouse.insight.exporting import json_value
from glasshouse.keeping.backup import BackupError, back_up
from glasshouse.keeping.checking import examine
from glasshouse.keeping.erasing import ErasureError, Wanted, erase
from glasshouse.keeping.exporting import export
from glasshouse.keeping.holdings import Holdings
from glasshouse.store import StoreError

PREFIX = "/api/v1/keeping/"
END = {"table": "-"}  # the last line of an export: without it the export is not whole
Asked = Mapping[str, Any]


def carry_out(holdings: Holdings, action: str, asked: Asked) -> dict[str, Any]:
    """One of ACTIONS. Raises `CommandError`."""
    try:
        return ACTIONS[action](holdings, asked)
    except (ErasureError, BackupError) as error:
        raise CommandError(str(error), status=2) from None
    except (OSError, StoreError) as error:
        left = "; it is noted, and finished at the next start" if action == "erase" else ""
        raise CommandError(f"{action} ended early: {error}{left}") from None


def export_lines(holdings: Holdings, asked: Asked) -> Iterator[str]:
    """A line of JSON per row, and one at the end that says how many there were."""
    rows = 0
    for row in export(holdings, *(str(asked[name]) for name in ("product", "kind", "identity"))):
        rows += 1
        yield json.dumps(json_value(row)) + "\n"
    yield json.dumps({**END, "rows": rows}) + "\n"


def routes(holdings: Holdings, token: str) -> list[Route]:
    """Every request needs the token itself, cookie or not."""
    access = Access(token)

    async def act(request: Request) -> Response:
        if not access.has_token(request):
            return _denied()
        action = request.path_params["action"]
        try:
            asked = json.loads(await request.body() or b"{}")
        except ValueError:
            asked = None
        if action not in (*ACTIONS, "export") or not isinstance(asked, dict):
            return JSONResponse({"message": f"found no action '{action}' with an object"}, 404)
        if action == "export":
            lines = export_lines(holdings, asked)
            return StreamingResponse(lines, media_type="application/x-ndjson")
        try:
            return JSONResponse(await run_in_threadpool(carry_out, holdings, action, asked))
        except CommandError as error:
            return JSONResponse({"message": str(error)}, 422)

    return [Route(PREFIX + "{action}", act, methods=["POST"])]


def _erase(holdings: Holdings, asked: Asked) -> dict[str, Any]:
    wanted = Wanted(
        product=str(asked.get("product")),
        kind=asked.get("kind"),
        identity=asked.get("identity"),
        since=moment(asked.get("from")),
        until=moment(asked.get("to")),
    )
    return erase(holdings, wanted)


def _backup(holdings: Holdings, asked: Asked) -> dict[str, Any]:
    secrets = asked.get("secrets")
    about = back_up(holdings, Path(str(asked["to"])), Path(str(secrets)) if secrets else None)
    size = sum(entry["size"] for entry in about["files"])
    return {"made_at": about["made_at"], "files": len(about["files"]), "bytes": size}


def _doctor(holdings: Holdings, _: Asked) -> dict[str, Any]:
    return {"findings": [asdict(finding) for finding in examine(holdings)]}


ACTIONS: Mapping[str, Callable[[Holdings, Asked], dict[str, Any]]] = {
    "erase": _erase,
    "backup": _backup,
    "doctor": _doctor,
}


def moment(text: str | None) -> datetime | None:
    """A day or a time, UTC where it names no zone. Raises `ErasureError`."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ErasureError(
            f"found the time '{text}', expected one such as 2026-01-31 or 2026-01-31T12:00"
        ) from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _denied() -> Response:
    error = {"error": "the server's token is missing or wrong", "do": "Authorization: Bearer TOKEN"}
    return JSONResponse(error, status_code=401)
