"""Share links: made, listed and taken back, on record; for pages and scripts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glasshouse.console.access import Access, refuse_as_json
from glasshouse.console.replying import done, listed, tried
from glasshouse.console.sharing import Sharing
from glasshouse.office import OfficeError, Share, Shares
from glasshouse.people import Reader, Records, Right


class MakeShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link to one page with its state, for whoever holds it; suppressed unless `raw`."""

    address: str
    title: str = ""
    days: int = 30
    raw: bool = False


class ShareActs:
    """Everything raises `OfficeError` for what cannot be."""

    def __init__(self, shares: Shares, sharing: Sharing, records: Records) -> None:
        self._shares = shares
        self._sharing = sharing
        self._records = records

    def listed(self, reader: Reader) -> Sequence[Share]:
        """One's own; an administrator's everybody's."""
        return self._shares.all(None if Right.PEOPLE in reader.rights else reader.person)

    def make(self, reader: Reader, asked: MakeShare) -> dict[str, Any]:
        if not reader.person:
            raise OfficeError(
                "found nobody with an account; a link has the access of its maker: log in first"
            )
        if asked.raw and not reader.raw:
            raise OfficeError(f"raw: found {reader.name} without raw access")
        address = self._sharing.address(asked.address, reader)
        with self._records.together():
            secret, made = self._shares.make(
                reader.person,
                address,
                asked.title or address.partition("?")[0],
                raw=asked.raw,
                days=asked.days,
            )
            self._records.change(
                reader, "share link made", made.id, page=address.partition("?")[0],
                raw=made.raw, until=made.until.date(),
            )  # fmt: skip
        return {"link": f"/shared/{secret}", **asdict(made)}

    def remove(self, reader: Reader, name: str) -> dict[str, Any]:
        with self._records.together():
            self._shares.remove(name, None if Right.PEOPLE in reader.rights else reader.person)
            self._records.change(reader, "share link removed", name)
        return {"removed": name}


def routes(access: Access, acts: ShareActs) -> list[Route]:
    """Each under its row in `endpoints.NEEDED`."""

    def shares(request: Request, reader: Reader) -> Response:
        return listed(request, "shares", [asdict(share) for share in acts.listed(reader)], "id")

    async def make(request: Request, reader: Reader) -> Response:
        return await done(request, MakeShare, lambda asked: acts.make(reader, asked))

    async def remove(request: Request, reader: Reader) -> Response:
        return await tried(lambda: acts.remove(reader, request.path_params["id"]))

    path, one = "/api/v1/shares", "/api/v1/shares/{id}"
    return [
        Route(path, access.guarded("GET", path, shares, refuse_as_json), methods=["GET"]),
        Route(path, access.guarded_async("POST", path, make, refuse_as_json), methods=["POST"]),
        Route(one, access.guarded_async("DELETE", one, remove, refuse_as_json), methods=["DELETE"]),
    ]
