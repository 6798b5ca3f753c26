"""Visits: who is logged in, what has been done since the last page, what is half configured."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from cd4pe_service.inventory import Record

COOKIE = "cd4pe_session"
MOST_SESSIONS = 10_000
LONGEST = 30 * 86_400  # seconds that a browser keeps the cookie

Form = Mapping[str, str]


@dataclass(slots=True)
class Session:
    """`said` is what the next page tells the tracker; `begun`: integrations half configured."""

    account: int | None = None
    said: list[Form] = field(default_factory=list)
    begun: dict[str, dict[str, str]] = field(default_factory=dict)

    def say(self, item: str, **fields: str) -> None:
        self.said.append({"item": item, **fields})


@dataclass(frozen=True, slots=True)
class Visit:
    """A request with its session, its form, and who is logged in."""

    request: Request
    session: Session
    token: str
    form: Form
    account: Record | None

    def number(self, name: str = "id") -> int:
        """A number of the address; 0, which nothing has, for what is none."""
        text = self.request.path_params[name]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class Sessions:
    """In memory, the oldest forgotten first."""

    def __init__(self) -> None:
        self._kept: dict[str, Session] = {}

    def of(self, request: Request) -> tuple[str, Session]:
        """The request's session by its token; a new one where it has none."""
        token = request.cookies.get(COOKIE, "")
        session = self._kept.get(token)
        if session is None:
            token, session = secrets.token_urlsafe(32), Session()
            while len(self._kept) >= MOST_SESSIONS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[token] = session
        return token, session

    def end(self, token: str) -> None:
        self._kept.pop(token, None)


def keep_cookie(visit: Visit, response: Response) -> None:
    """Give the session's cookie to a browser that does not have it."""
    if visit.request.cookies.get(COOKIE) != visit.token:
        response.set_cookie(COOKIE, visit.token, max_age=LONGEST, httponly=True, samesite="lax")
