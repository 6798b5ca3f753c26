"""Who may see the console: holders of the token, and on request whoever sits at this machine.

The token is shown by the server at its start. A browser gives it once to `/enter` and gets a
session cookie that is derived from it; scripts send it with every request. Accounts come later and
replace this file.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "glasshouse_session"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Access:
    """The rules. `open_on_loopback` is for a server that listens on loopback only."""

    token: str
    open_on_loopback: bool = False

    def may_read(self, request: Request) -> bool:
        """Whether the request may see pages and answers."""
        return self.has_token(request) or self._has_session(request) or self._is_local(request)

    def has_token(self, request: Request) -> bool:
        """Whether the request itself carries the token: no other site can make a browser do so."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(credentials.strip())

    def is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self.token.encode())

    def start_session(self, request: Request, response: Response) -> None:
        """Let the browser keep a cookie that stands for the token, without being it."""
        response.set_cookie(
            COOKIE,
            self._session(),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def _has_session(self, request: Request) -> bool:
        cookie = request.cookies.get(COOKIE, "")
        return secrets.compare_digest(cookie.encode(), self._session().encode())

    def _is_local(self, request: Request) -> bool:
        # A page of another site can let its own name point to 127.0.0.1 and so reach this server,
        # but the browser then sends that name.
        return self.open_on_loopback and host_name(request) in LOCAL_HOSTS

    def _session(self) -> str:
        return hmac.new(self.token.encode(), b"console session", hashlib.sha256).hexdigest()


def host_name(request: Request) -> str:
    """The name in the Host header, without its port."""
    host = request.headers.get("host", "").strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
