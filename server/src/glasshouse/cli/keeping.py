"""Erasure, export, backup and checks as requests: what commands ask for, here or of a server.

Both ways take and give the same JSON objects, so that a command need not know which way it went.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
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


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Erase what is held of an identity, or of a product; the answer is a receipt."""

    product: str
    kind: str | None = None
    identity: str | None = None
    since: str | None = msgspec.field(default=None, name="from")
    until: str | None = msgspec.field(default=None, name="to")


class BackUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Copy everything into a directory of the server's machine that does not exist yet."""

    to: Annotated[str, msgspec.Meta(min_length=1)]
    secrets: str | None = None


class Doctor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Check everything; seconds for millions of items."""


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is held about one identity, a row a line."""

    product: str
    kind: str
    identity: str


ASKED: Mapping[str, type[msgspec.Struct]] = {
    "erase": Erase,
    "backup": BackUp,
    "doctor": Doctor,
    "export": Export,
}


def carry_out(holdings: Holdings, action: str, asked: Asked) -> dict[str, Any]:
    """One of ACTIONS. Raises `CommandError`."""
    try:
        return ACTIONS[action](holdings, msgspec.convert(asked, ASKED[action]))
    except msgspec.ValidationError as error:
        raise CommandError(f"{action}: {error}", status=2) from None
    except (ErasureError, BackupError) as error:
        raise CommandError(str(error), status=2) from None
    except (OSError, StoreError) as error:
        left = "; it is noted, and finished at the next start" if action == "erase" else ""
        raise CommandError(f"{action} ended early: {error}{left}") from None


def export_lines(holdings: Holdings, asked: Asked) -> Iterator[str]:
    """A line of JSON per row, and one at the end that says how many there were.

    Raises `CommandError` before the first.
    """
    try:
        wanted = msgspec.convert(asked, Export)
    except msgspec.ValidationError as error:
        raise CommandError(f"export: {error}", status=2) from None
    return _export_lines(export(holdings, wanted.product, wanted.kind, wanted.identity))


def _export_lines(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    rows = 0
    for row in found:
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
        except (ValueError, RecursionError):
            asked = None
        if action not in (*ACTIONS, "export") or not isinstance(asked, dict):
            return JSONResponse({"message": f"found no action '{action}' with an object"}, 404)
        try:
            if action == "export":
                lines = export_lines(holdings, asked)
                return StreamingResponse(lines, media_type="application/x-ndjson")
            return JSONResponse(await run_in_threadpool(carry_out, holdings, action, asked))
        except CommandError as error:
            return JSONResponse({"message": str(error)}, 422)

    return [Route(PREFIX + "{action}", act, methods=["POST"])]


def _erase(holdings: Holdings, asked: Erase) -> dict[str, Any]:
    wanted = Wanted(
        product=asked.product,
        kind=asked.kind,
        identity=asked.identity,
        since=moment(asked.since),
        until=moment(asked.until),
    )
    return erase(holdings, wanted)


def _backup(holdings: Holdings, asked: BackUp) -> dict[str, Any]:
    to, secrets = Path(asked.to), Path(asked.secrets) if asked.secrets else None
    if not to.is_absolute() or (secrets is not None and not secrets.is_absolute()):
        raise BackupError("found a path that depends on where the server runs; give a whole one")
    about = back_up(holdings, to, secrets)
    size = sum(entry["size"] for entry in about["files"])
    return {"made_at": about["made_at"], "files": len(about["files"]), "bytes": size}


def _doctor(holdings: Holdings, _: Doctor) -> dict[str, Any]:
    return {"findings": [asdict(finding) for finding in examine(holdings)]}


ACTIONS: Mapping[str, Callable[[Holdings, Any], dict[str, Any]]] = {
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
