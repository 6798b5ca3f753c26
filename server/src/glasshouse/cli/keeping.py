"""Erasure, export, backup and checks as requests: what commands ask for, here or of a server.

Both ways take and give the same JSON objects, so that a command need not know which way it went.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
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
from glasshouse.console.access import Access, refuse_as_json
from glasshouse.insight.exporting import json_value
from glasshouse.keeping.backup import BackupError, back_up
from glasshouse.keeping.checking import examine
from glasshouse.keeping.erasing import ErasureError, Wanted, erase
from glasshouse.keeping.exporting import export
from glasshouse.keeping.holdings import Holdings
from glasshouse.keeping.subject import SubjectError, check_subject
from glasshouse.people import Reader, Records
from glasshouse.store import StoreError
from glasshouse_sdk.manifest.vocabulary import IDENTITIES

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
    try:
        check_subject(holdings, wanted.product, wanted.kind, wanted.identity)
    except SubjectError as error:
        raise CommandError(str(error), status=2) from None
    return _export_lines(export(holdings, wanted.product, wanted.kind, wanted.identity))


def _export_lines(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    rows = 0
    for row in found:
        rows += 1
        yield json.dumps(json_value(row)) + "\n"
    yield json.dumps({**END, "rows": rows}) + "\n"


def routes(holdings: Holdings, access: Access) -> list[Route]:
    """One for each of ASKED; a request needs a token, cookie or not."""
    return [
        Route(
            PREFIX + action,
            access.guarded_async(
                "POST", PREFIX + action, _route(holdings, access, action), refuse_as_json
            ),
            methods=["POST"],
        )
        for action in ASKED
    ]


def _route(
    holdings: Holdings, access: Access, action: str
) -> Callable[[Request, Reader], Awaitable[Response]]:
    async def act(request: Request, reader: Reader) -> Response:
        try:
            asked = json.loads(await request.body() or b"{}")
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return _wrong("found no JSON object; expected one with what is asked")
        try:
            await run_in_threadpool(record, access.records, reader, action, asked)
            if action == "export":
                lines = export_lines(holdings, asked)
                return StreamingResponse(lines, media_type="application/x-ndjson")
            return JSONResponse(await run_in_threadpool(carry_out, holdings, action, asked))
        except CommandError as error:
            return _wrong(str(error))

    return act


def record(records: Records, reader: Reader, action: str, asked: Asked) -> None:
    """Say who asks for it, before it is done: the product and the kind, never the identity."""
    about = str(asked.get("product", ""))[:80]
    kind = asked.get("kind") if isinstance(asked.get("kind"), str) else None
    if action == "export":
        records.raw_read(reader, f"export of one {kind}" if kind in IDENTITIES else "export", about)
    elif action != "doctor":
        records.change(reader, action, about, **({"kind": kind} if kind in IDENTITIES else {}))


def _wrong(message: str) -> Response:
    return JSONResponse({"error": "cannot_be", "message": message}, 422)


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
