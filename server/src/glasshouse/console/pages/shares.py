"""`/shares`: one's own share links, made and taken back; an administrator sees everybody's."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from glasshouse.console.access import Access, host_name
from glasshouse.console.pages.forms import Fields, FormPage
from glasshouse.console.share_acts import MakeShare, ShareActs
from glasshouse.people import Reader, Right


class SharesPage:
    """The page that led here, by the footer of every page, is what the form proposes."""

    def __init__(self, access: Access, acts: ShareActs) -> None:
        self._acts = acts
        forms = {"make": self._make, "remove": self._remove}
        self._page = FormPage(access, "shares", self._facts, forms)
        self.show = self._page.show
        self.post = self._page.post

    def _facts(self, request: Request, reader: Reader) -> Mapping[str, Any]:
        return {
            "shares": self._acts.listed(reader),
            "proposed": _came_from(request),
            "may_raw": reader.raw,
            "may_make": bool(reader.person),
            "everybodys": Right.PEOPLE in reader.rights,
        }

    def _make(self, request: Request, reader: Reader, fields: Fields) -> Mapping[str, Any]:
        days = fields.get("days", "")
        asked = MakeShare(
            address=fields.get("address", ""),
            title=fields.get("title", ""),
            days=int(days) if days.isdecimal() and len(days) < 6 else 0,
            raw="raw" in fields,
        )
        made = self._acts.make(reader, asked)
        return {"link": f"{request.base_url}{made['link'].removeprefix('/')}"}

    def _remove(self, _: Request, reader: Reader, fields: Fields) -> None:
        self._acts.remove(reader, fields.get("id", ""))


def _came_from(request: Request) -> str:
    """The page of ours that led here; browsers say so to the same origin alone."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    if parts.hostname != host_name(request) or not parts.path.startswith("/products/"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
