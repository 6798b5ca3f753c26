"""The files that pages load: read once, named by their content, kept by the browser for good."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

TYPES = {
    "glasshouse.css": "text/css; charset=utf-8",
    "glasshouse.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `address` changes whenever its content does."""

    name: str
    content: bytes

    @property
    def address(self) -> str:
        return f"/assets/{self.name}?{hashlib.sha256(self.content).hexdigest()[:12]}"


def _read(name: str) -> Asset:
    return Asset(name, (files("glasshouse.console") / "assets" / name).read_bytes())


ASSETS = {name: _read(name) for name in TYPES}


def asset_address(name: str) -> str:
    """Where a page finds an asset. Raises KeyError if there is none of this name."""
    return ASSETS[name].address


def serve_asset(request: Request) -> Response:
    asset = ASSETS.get(request.path_params["name"])
    if asset is None:
        return Response("No such file.\n", 404, media_type="text/plain")
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(asset.content, media_type=TYPES[asset.name], headers=headers)
