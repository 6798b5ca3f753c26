"""The relay for WSGI servers: Django, Flask, Bottle, Pyramid and others.

application = RelayMiddleware(application, Relay("telemetry.json"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from glasshouse_sdk.browser.relay import MOST_BODY, Asked, Relay

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class RelayMiddleware:
    """Outside of whatever asks for a login, so that its pages' tracker is heard too."""

    def __init__(self, application: Application, relay: Relay) -> None:
        self._application = application
        self._relay = relay

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not path.startswith(self._relay.prefix):
            return self._application(environ, start_response)
        answered = self._relay.answer(_asked(environ, path))
        headers = {**answered.headers, "content-length": str(len(answered.body))}
        if answered.status in (204, 304):
            del headers["content-length"]
        phrase = HTTPStatus(answered.status).phrase
        start_response(f"{answered.status} {phrase}", list(headers.items()))
        return [answered.body]


def _asked(environ: Environ, path: str) -> Asked:
    headers = {
        name[5:].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    length = environ.get("CONTENT_LENGTH") or "0"
    # One byte more than there may be, which the relay then refuses.
    size = min(int(length), MOST_BODY + 1) if length.isdecimal() else 0
    return Asked(
        method=environ["REQUEST_METHOD"],
        path=path,
        headers=headers,
        peer=environ.get("REMOTE_ADDR", ""),
        body=environ["wsgi.input"].read(size) if size else b"",
    )
