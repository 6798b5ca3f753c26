"""The two logs: who read with raw access, and who changed what."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glasshouse.console.access import Access
from glasshouse.console.templating import page
from glasshouse.people import Reader
from glasshouse.people.records import KEPT

ROWS = 100


class RecordsPage:
    """`/records` and `/records?log=changes`; `before=NUMBER` goes back in time."""

    def __init__(self, access: Access) -> None:
        self._records = access.records

    def __call__(self, request: Request, _: Reader) -> Response:
        text = request.query_params.get("before", "")
        before = int(text) if text.isdecimal() and len(text) < 18 else None
        changes = request.query_params.get("log") == "changes"
        read = self._records.changes if changes else self._records.raw_reads
        found = read(before, ROWS)
        return page(
            "records",
            changes=changes,
            rows=[_read(row) for row in found],
            older=found[-1]["number"] if len(found) == ROWS else None,
            days=KEPT.days,
        )


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": datetime.fromisoformat(row["at"])}
